/*
 * fuzz_number.c  Dialled numbers, and tables of prefixes from CSV
 *
 * The first byte tells which: even, a dialled number for each of a few ways
 * to dial; odd, a CSV file.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/number/country.h"
#include "routing/number/dialing.h"
#include "routing/number/number_table.h"
#include "tests/lib/fuzz.h"

static const char *const zeros[] = {"00", "010"};
static const char *const north[] = {"011"};

static const struct dialing plans[] = {
	{.country_code = "49",
	 .national_prefix = "0",
	 .international = (const char **)zeros,
	 .ninternational = 2,
	 .area_code = "30"},
	{.country_code = "1",
	 .national_prefix = "1",
	 .international = (const char **)north,
	 .ninternational = 1,
	 .national_digits = 10},
	{.country_code = "39"},
	{.country_code = NULL},
};

static void read_back(const struct dialing *dialing, const char *text,
		      const char *want)
{
	struct number number;
	struct pl pl;

	pl_set_str(&pl, text);
	number_read(&number, dialing, NULL, &pl);
	if (strcmp(number.e164, want))
		abort();
}

static void use_number(const struct dialing *dialing, const struct pl *text)
{
	static const enum number_form form[] = {NUMBER_FORM_E164,
						NUMBER_FORM_NATIONAL,
						NUMBER_FORM_INTERNATIONAL};
	struct number number;
	char out[TELNUM_MAX];

	number_read(&number, dialing, NULL, text);
	(void)number_country(number.e164);
	if (!number.e164[0])
		return;
	read_back(dialing, number.e164, number.e164);
	for (size_t i = 0; i < 3; i++) {
		if (number_write(out, sizeof(out), dialing, NULL, number.e164,
				 form[i]))
			abort();
		read_back(dialing, out, number.e164);
	}
}

static void use_table(const struct prefixes *table)
{
	const struct pl number = PL("493012345678");
	struct prefix_hit hit;

	if (!prefixes_find(table, &number, &hit))
		return;
	if (strncmp(hit.digits, number.p, strlen(hit.digits)))
		abort();
	for (unsigned i = 0; i < prefixes_columns(table); i++) {
		if (strlen(prefixes_value(table, &hit, i)) > PREFIX_VALUE_MAX)
			abort();
	}
}

static void use_csv(const uint8_t *data, size_t size)
{
	char *text = mem_alloc(size + 1, NULL);
	struct prefixes *table = NULL;
	struct cfg_errors *errs = NULL;
	int err;

	if (!text || cfg_errors_alloc(&errs)) {
		mem_deref(text);
		return;
	}
	memcpy(text, data, size);
	err = number_csv_load(&table, "f", text, size, errs);
	if (!err != !cfg_errors_count(errs) || !err != !!table)
		abort();
	if (!err)
		use_table(table);
	mem_deref(table);
	mem_deref(errs);
	mem_deref(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl text = {(const char *)data + 1, size - 1};

	if (!size)
		return 0;
	if (data[0] & 1) {
		use_csv(data + 1, size - 1);
		return 0;
	}
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		use_number(&plans[i], &text);
	return 0;
}
