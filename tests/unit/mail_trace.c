/* SPDX-License-Identifier: ISC */
/* mail_trace.c - the Received field: SMTP-065 to 069, LMTP-021, hardening 37. */
#include "mail/trace.h"

#include "check.h"

#include <stdlib.h>

static bool written(const struct trace *trace, const char *want)
{
	char bytes[TRACE_MAX];
	struct buffer out = BUFFER(bytes);

	trace_write(&out, trace);
	if (!out.overflow && span_equal(buffer_span(&out), span_of(want)))
		return true;
	fprintf(stderr, "%.*s", (int)out.len, bytes);
	return false;
}

static void check_fields(void)
{
	struct trace trace = { .helo = SPAN("client.example"),
			       .remote_host = SPAN("host.example"),
			       .remote_addr = SPAN("192.0.2.1"),
			       .hostname = SPAN("mx.example"),
			       .cipher = SPAN("TLS_AES_256_GCM_SHA384"),
			       .id = SPAN("abc123"),
			       .recipient = SPAN("u@x.example"),
			       .esmtp = true,
			       .tls = true,
			       .when = 1136214245 };

	CHECK(written(&trace, "Received: from client.example (host.example [192.0.2.1])\n"
			      "\tby mx.example with ESMTPS id abc123\n"
			      "\tfor <u@x.example>\n"
			      "\ttls TLS_AES_256_GCM_SHA384;\n"
			      "\tMon, 02 Jan 2006 15:04:05 +0000\n"));
	trace.tls = false;
	trace.recipient = trace.remote_host = SPAN_NONE;
	trace.remote_addr = SPAN("2001:db8::1");
	trace.crlf = true;
	CHECK(written(&trace, "Received: from client.example ([IPv6:2001:db8::1])\r\n"
			      "\tby mx.example with ESMTP id abc123;\r\n"
			      "\tMon, 02 Jan 2006 15:04:05 +0000\r\n"));
	trace.remote_addr = SPAN_NONE;
	trace.lmtp = true;
	trace.crlf = false;
	CHECK(written(&trace, "Received: from client.example (no address)\n"
			      "\tby mx.example with LMTP id abc123;\n"
			      "\tMon, 02 Jan 2006 15:04:05 +0000\n"));
}

/* SMTP-066: all 17 types. */
static void check_types(void)
{
	static const char *const types[4][4] = {
		{ "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA" },
		{ "LMTP", "LMTPS", "LMTPA", "LMTPSA" },
		{ "UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA" },
		{ "UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA" },
	};

	for (unsigned i = 0; i < 17; i++) {
		struct trace trace = { .esmtp = i < 16,
				       .lmtp = i < 16 && (i & 4) != 0,
				       .utf8 = i < 16 && (i & 8) != 0,
				       .tls = (i & 1) != 0,
				       .authenticated = (i & 2) != 0 };
		char bytes[TRACE_MAX], want[64];
		struct buffer out = BUFFER(bytes);

		snprintf(want, sizeof(want), " with %s id ",
			 i < 16 ? types[i >> 2][i & 3] : "SMTP");
		trace_write(&out, &trace);
		CHECK(memmem(bytes, out.len, want, strlen(want)) != NULL);
	}
}

/* SMTP-068: against the C library, in the C locale of a test. */
static void check_dates(void)
{
	static const time_t dates[] = { 0,          951782400,  951868799,
					1078012800, 1709164800, 1709251200,
					4107542399, 4107542400, 253402300799,
					-1,         -86400 };

	for (size_t i = 0; i < sizeof(dates) / sizeof(*dates) + 4000; i++) {
		time_t when = i < sizeof(dates) / sizeof(*dates) ? dates[i] : (time_t)i * 8640123;
		char bytes[64], want[64];
		struct buffer out = BUFFER(bytes);
		struct tm tm;

		gmtime_r(&when, &tm);
		strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S +0000", &tm);
		trace_date(&out, when);
		CHECK(span_equal(buffer_span(&out), span_of(want)));
	}
}

int main(void)
{
	check_fields();
	check_types();
	check_dates();
	return check_report();
}
