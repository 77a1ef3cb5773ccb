/* SPDX-License-Identifier: ISC */
/*
 * external.c - EXTERNAL (RFC 4422 Appendix A): who the client is was proven outside of SASL, by
 * its certificate or to the kernel, and stands in SASL_IDENTITY.
 */
#include "mechanism.h"

#include <stdlib.h>

bool external_prepare(void)
{
	return true;
}

void external_run(struct exchange *exchange)
{
	struct span identity = span_of(getenv("SASL_IDENTITY"));
	struct span authzid;

	if (!exchange_first(exchange, &authzid) ||
	    (authzid.base == NULL && !exchange_challenge(exchange, SPAN(""), &authzid)))
		return;
	if (span_find(authzid, '\0') < authzid.len)
		exchange_error("an identity has no NUL");
	else if (identity.len > 0 && (authzid.len == 0 || span_equal(authzid, identity)))
		exchange_success(identity, SPAN_NONE);
	else
		exchange_failure();
}
