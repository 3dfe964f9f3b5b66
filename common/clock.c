/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - reading clocks, and times as text without any time zone. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

#define DAY    UINT64_C(86400)
#define SECOND UINT64_C(1000000000)

struct civil {
	unsigned year, month, day, hour, minute, second;
};

uint64_t
eh_clock_wall(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0 || t.tv_sec < 0)
		return 0;
	return (uint64_t)t.tv_sec;
}

static uint64_t
since_boot(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

uint64_t
eh_clock_boottime_ns(void)
{
	return since_boot(CLOCK_BOOTTIME);
}

uint64_t
eh_clock_monotonic_ns(void)
{
	return since_boot(CLOCK_MONOTONIC);
}

static int
is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned
days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1U : 0U);
}

/* Days from 0000-01-01 to the first of January of ${year}. */
static uint64_t
days_before(unsigned year)
{
	uint64_t y = year;

	/* Leap years before this one; year 0 is one of them. */
	return y * 365 + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400;
}

static uint64_t
from_civil(const struct civil *c)
{
	uint64_t days = days_before(c->year) - days_before(1970) + c->day - 1;

	for (unsigned m = 1; m < c->month; m++)
		days += days_of_month(c->year, m);
	return days * DAY + c->hour * 3600U + c->minute * 60U + c->second;
}

static void
to_civil(uint64_t time, struct civil *c)
{
	uint64_t days = time / DAY + days_before(1970);
	unsigned rest = (unsigned)(time % DAY);

	/* A year has at least 365 days, so this never guesses too low, and at
	 * most a few too high. */
	c->year = (unsigned)(days / 365);
	while (days_before(c->year) > days)
		c->year--;
	days -= days_before(c->year);
	for (c->month = 1; days >= days_of_month(c->year, c->month); c->month++)
		days -= days_of_month(c->year, c->month);
	c->day = (unsigned)days + 1;
	c->hour = rest / 3600;
	c->minute = rest / 60 % 60;
	c->second = rest % 60;
}

int
eh_clock_format(uint64_t time, char out[EH_CLOCK_TEXT_SIZE])
{
	struct civil c;

	out[0] = '\0';
	if (time > EH_CLOCK_MAX)
		return EH_ERR_ARGUMENT;
	to_civil(time, &c);
	snprintf(out, EH_CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    c.year % 10000, c.month % 100, c.day % 100, c.hour % 100,
	    c.minute % 100, c.second % 100);
	return EH_OK;
}

int
eh_clock_format_generalized(
    uint64_t time, char out[EH_CLOCK_GENERALIZED_SIZE])
{
	struct civil c;

	out[0] = '\0';
	if (time > EH_CLOCK_MAX)
		return EH_ERR_ARGUMENT;
	to_civil(time, &c);
	snprintf(out, EH_CLOCK_GENERALIZED_SIZE, "%04u%02u%02u%02u%02u%02uZ",
	    c.year % 10000, c.month % 100, c.day % 100, c.hour % 100,
	    c.minute % 100, c.second % 100);
	return EH_OK;
}

int
eh_clock_format_utctime(uint64_t time, char out[EH_CLOCK_UTCTIME_SIZE])
{
	char full[EH_CLOCK_GENERALIZED_SIZE];
	int err;

	out[0] = '\0';
	if ((err = eh_clock_format_generalized(time, full)) != EH_OK)
		return err;
	if (memcmp(full, "2050", 4) >= 0)
		return EH_ERR_ARGUMENT;
	memcpy(out, full + 2, EH_CLOCK_UTCTIME_SIZE);
	return EH_OK;
}

/*
 * Read ${text} by ${form}: each of the letters Y M D h m s is a digit of that
 * number, any other letter is itself.
 */
static int
scan(const char *form, const char *text, size_t len, struct civil *c)
{
	unsigned *number;

	memset(c, 0, sizeof(*c));
	if (len != strlen(form))
		return EH_ERR_FORMAT;
	for (size_t i = 0; i < len; i++) {
		switch (form[i]) {
		case 'Y': number = &c->year; break;
		case 'M': number = &c->month; break;
		case 'D': number = &c->day; break;
		case 'h': number = &c->hour; break;
		case 'm': number = &c->minute; break;
		case 's': number = &c->second; break;
		default: number = NULL;
		}
		if (number == NULL && text[i] == form[i])
			continue;
		if (number == NULL || text[i] < '0' || text[i] > '9')
			return EH_ERR_FORMAT;
		*number = *number * 10 + (unsigned)(text[i] - '0');
	}
	return EH_OK;
}

/* The time of ${c}, if there is such a time from 1970 on. */
static int
settle(const struct civil *c, uint64_t *timep)
{
	if (c->year < 1970 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->day > days_of_month(c->year, c->month) || c->hour > 23 ||
	    c->minute > 59 || c->second > 59)
		return EH_ERR_FORMAT;
	*timep = from_civil(c);
	return EH_OK;
}

int
eh_clock_parse(const char *text, size_t len, uint64_t *timep)
{
	struct civil c;
	int err;

	*timep = 0;
	if ((err = scan("YYYY-MM-DDThh:mm:ssZ", text, len, &c)) != EH_OK)
		return err;
	return settle(&c, timep);
}

int
eh_clock_parse_utctime(const char *text, size_t len, uint64_t *timep)
{
	struct civil c;
	int err;

	*timep = 0;
	if ((err = scan("YYMMDDhhmmssZ", text, len, &c)) != EH_OK)
		return err;
	c.year += c.year >= 50 ? 1900 : 2000;
	return settle(&c, timep);
}

int
eh_clock_parse_generalized(const char *text, size_t len, uint64_t *timep)
{
	struct civil c;
	int err;

	*timep = 0;
	if ((err = scan("YYYYMMDDhhmmssZ", text, len, &c)) != EH_OK)
		return err;
	return settle(&c, timep);
}
