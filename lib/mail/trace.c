/* SPDX-License-Identifier: ISC */
/* trace.c - composing the Received field. */
#include "mail/trace.h"

/* Days since 1970-01-01 to a date of the Gregorian calendar; years are counted from March. */
static void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned of_era = (unsigned)(shifted - era * 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned from_march = (5 * of_year + 2) / 153;

	*day = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

void trace_date(struct buffer *out, time_t when)
{
	int64_t seconds = (int64_t)when;
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	uint64_t of_day = (uint64_t)(seconds - days * 86400);
	uint64_t weekday = (uint64_t)(((days + 4) % 7 + 7) % 7);
	int64_t year;
	unsigned month, day;

	civil_from_days(days, &year, &month, &day);
	buffer_put(out, (struct span){ &"SunMonTueWedThuFriSat"[3 * weekday], 3 });
	buffer_string(out, ", ");
	buffer_padded(out, day, 2);
	buffer_byte(out, ' ');
	buffer_put(out,
		   (struct span){ &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (month - 1)], 3 });
	buffer_byte(out, ' ');
	buffer_padded(out, (uint64_t)year, 4);
	buffer_byte(out, ' ');
	buffer_padded(out, of_day / 3600, 2);
	buffer_byte(out, ':');
	buffer_padded(out, of_day / 60 % 60, 2);
	buffer_byte(out, ':');
	buffer_padded(out, of_day % 60, 2);
	buffer_string(out, " +0000");
}

/* RFC 5321 4.4: Extended-Domain, what the client says of itself and what TCP knows. */
static void write_from(struct buffer *out, const struct trace *trace)
{
	buffer_string(out, "from ");
	buffer_put(out, trace->helo.len > 0 ? trace->helo : SPAN("unknown"));
	if (trace->remote_addr.len == 0) {
		buffer_string(out, " (no address)");
		return;
	}
	buffer_string(out, " (");
	if (trace->remote_host.len > 0) {
		buffer_put(out, trace->remote_host);
		buffer_byte(out, ' ');
	}
	buffer_string(out,
		      span_find(trace->remote_addr, ':') < trace->remote_addr.len ? "[IPv6:" : "[");
	buffer_put(out, trace->remote_addr);
	buffer_string(out, "])");
}

/* The transmission type: RFC 3848 1, RFC 6531 3.7.3. */
static void write_type(struct buffer *out, const struct trace *trace)
{
	if (trace->utf8)
		buffer_string(out, trace->lmtp ? "UTF8LMTP" : "UTF8SMTP");
	else if (trace->lmtp)
		buffer_string(out, "LMTP");
	else
		buffer_string(out, trace->esmtp ? "ESMTP" : "SMTP");
	if (!trace->esmtp && !trace->lmtp)
		return; /* RFC 5321 4.4: plain SMTP has neither TLS nor AUTH */
	if (trace->tls)
		buffer_byte(out, 'S');
	if (trace->authenticated)
		buffer_byte(out, 'A');
}

void trace_write(struct buffer *out, const struct trace *trace)
{
	const char *fold = trace->crlf ? "\r\n\t" : "\n\t";

	buffer_string(out, "Received: ");
	write_from(out, trace);
	buffer_string(out, fold);
	buffer_string(out, "by ");
	buffer_put(out, trace->hostname);
	buffer_string(out, " with ");
	write_type(out, trace);
	buffer_string(out, " id ");
	buffer_put(out, trace->id);
	if (trace->recipient.len > 0) {
		buffer_string(out, fold);
		buffer_string(out, "for <");
		buffer_put(out, trace->recipient);
		buffer_byte(out, '>');
	}
	if (trace->tls && trace->cipher.len > 0) {
		buffer_string(out, fold);
		buffer_string(out, "tls ");
		buffer_put(out, trace->cipher);
	}
	buffer_byte(out, ';');
	buffer_string(out, fold);
	trace_date(out, trace->when);
	buffer_string(out, trace->crlf ? "\r\n" : "\n");
}
