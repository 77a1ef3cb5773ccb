/* SPDX-License-Identifier: ISC */
/* main.c - maildir-store: mailboxes in Maildirs. */
#include "delivery.h"
#include "expiry.h"
#include "listing.h"
#include "maildrop.h"
#include "quota.h"

/* Is there such a mailbox, and is it not full already (LMTP-019)? */
static int rcpt_run(struct request *request)
{
	struct maildir maildir;
	int exit = maildir_of(request, request_fact(request, FACT_RECIPIENT), &maildir);

	if (exit == EXIT_DONE)
		exit = quota_room(request, &maildir, 1);
	maildir_close(&maildir);
	return exit;
}

int main(int argc, char **argv)
{
	static const struct store_event events[] = {
		{ EVENT_RCPT, rcpt_run },
		{ EVENT_DELIVER, delivery_run },
		{ EVENT_LIST, listing_run },
		{ EVENT_SIZE, maildrop_size },
		{ EVENT_RETRIEVE, maildrop_retrieve },
		{ EVENT_DELETE, maildrop_delete },
		{ EVENT_EXPIRE, expiry_run },
	};
	static struct maildir drop;
	const struct store store = {
		.name = "maildir-store",
		.pattern = "MAILDIR",
		.events = events,
		.count = sizeof(events) / sizeof(*events),
		.drop = &drop,
		.create = maildir_create,
	};

	maildir_init(&drop);
	return store_main(&store, argc, argv);
}
