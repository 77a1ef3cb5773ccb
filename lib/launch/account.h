/* SPDX-License-Identifier: ISC */
/*
 * account.h - --user: giving up root, once and for good.
 */
#ifndef MAILSESSION_ACCOUNT_H
#define MAILSESSION_ACCOUNT_H

#include "base/buffer.h"

/*
 * Becomes "NAME" or "NAME:GROUP" with that user's supplementary groups, and makes sure that
 * there is no way back.  An unknown name, uid 0 and a user that we may not become are
 * refused: false, and `error` says why.  Being that user already is success.
 */
bool account_become(const char *account, struct buffer *error);

#endif
