/* SPDX-License-Identifier: ISC */
/* main.c - mbox-store: mailboxes in mbox files. */
#include "delivery.h"
#include "mailbox.h"
#include "maildrop.h"

static int rcpt_run(struct request *request)
{
	struct mailbox mailbox;
	int exit = mailbox_find(request, request_fact(request, FACT_RECIPIENT), &mailbox);

	mailbox_close(&mailbox);
	return exit;
}

int main(int argc, char **argv)
{
	static const struct store_event events[] = {
		{ EVENT_RCPT, rcpt_run },      { EVENT_DELIVER, delivery_run },
		{ EVENT_LIST, maildrop_list }, { EVENT_RETRIEVE, maildrop_retrieve },
		{ EVENT_TOP, maildrop_top },   { EVENT_DELETE, maildrop_delete },
	};
	static struct mailbox drop;
	const struct store store = {
		.name = "mbox-store",
		.pattern = "MBOX",
		.events = events,
		.count = sizeof(events) / sizeof(*events),
		.drop = &drop,
		.create = mailbox_create,
	};
	int exit;

	mailbox_init(&drop);
	exit = store_main(&store, argc, argv);
	mailbox_close(&drop);
	return exit;
}
