/*
 * test_cfg_fill.c  A tree into a struct: values, defaults, all errors at once
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "tests/lib/naughty.h"
#include "tests/lib/test.h"
#include "tests/unit/common/cfg_sample.h"

static char errors[65536];

/* The filled struct, or NULL with its errors in `errors`. */
static struct sample_cfg *fill(const char *text)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct sample_cfg *cfg = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err
		  : cfg_tree_parse(&tree, "s.yaml", text, strlen(text), NULL,
				   errs);
	err = err ? err
		  : cfg_fill(&cfg, &sample_table, cfg_tree_root(tree), errs);
	re_snprintf(errors, sizeof(errors), "%H", cfg_errors_print, errs);
	CHECK(!err == !cfg_errors_count(errs));
	CHECK(!err == !!cfg);
	/* nothing may point into the tree or the text */
	mem_deref(tree);
	mem_deref(errs);
	return cfg;
}

static const char *errors_of(const char *text)
{
	mem_deref(fill(text));
	return errors;
}

static void empty_file_takes_all_defaults(void)
{
	struct sample_cfg *cfg = fill("");
	struct sa want;

	REQUIRE(cfg);
	CHECK_STR(cfg->title, "no title");
	CHECK(!cfg->pattern);
	CHECK_INT(cfg->port, 5060);
	CHECK(cfg->on);
	CHECK_INT(cfg->level, LEVEL_LOW);
	CHECK_INT(cfg->wait_ms, 20000);
	CHECK_INT(cfg->room, 65536);
	sa_set_str(&want, "127.0.0.1", 5060);
	CHECK(sa_cmp(&cfg->listen, &want, SA_ALL));
	CHECK(!sa_isset(&cfg->source, SA_ADDR));
	CHECK_INT(cfg->limits.calls, 10);
	CHECK_INT(cfg->limits.gain, -3);
	CHECK_INT(cfg->limits.total, 0);
	CHECK_INT(cfg->nwords, 2);
	CHECK(cfg->nwords == 2 && !strcmp(cfg->words[0], "opus") &&
	      !strcmp(cfg->words[1], "pcmu"));
	CHECK(!cfg->nrules && !cfg->npeers && !cfg->nnets);
	mem_deref(cfg);
}

static const char full[] = "title: \"Büro, 1\"\n"
			   "pattern: ^a+$\n"
			   "port: 65535\n"
			   "on: false\n"
			   "level: high\n"
			   "wait: 5m\n"
			   "room: 2GiB\n"
			   "listen: \"[2001:db8::1]:5061\"\n"
			   "source: 192.0.2.9\n"
			   "net: 10.0.0.0/8\n"
			   "limits: {calls: 255, gain: -60, total: 9}\n"
			   "nets: [\"::/0\", 192.0.2.1]\n"
			   "words: [a, b c, \"1\"]\n"
			   "rules:\n"
			   "  - name: one\n"
			   "    to: {user: alice}\n"
			   "  - {name: two, to: {level: high}}\n"
			   "  - name: three\n"
			   "    to:\n"
			   "      limits: {}\n"
			   "peers:\n"
			   "  pab: {addr: 192.0.2.1:5060, secret: pass}\n"
			   "  1001: {addr: \"[::1]:1\"}\n"
			   "numbers: {one: 1, two: 2}\n";

static void every_kind_of_value_is_read(void)
{
	struct sample_cfg *cfg = fill(full);
	struct sa want;

	CHECK_STR(errors, "");
	if (!cfg)
		return;
	CHECK_STR(cfg->title, "Büro, 1");
	CHECK_STR(cfg->pattern, "^a+$");
	CHECK_INT(cfg->port, 65535);
	CHECK(!cfg->on);
	CHECK_INT(cfg->level, LEVEL_HIGH);
	CHECK_INT(cfg->wait_ms, 300000);
	CHECK_INT(cfg->room, 2147483648);
	sa_set_str(&want, "2001:db8::1", 5061);
	CHECK(sa_cmp(&cfg->listen, &want, SA_ALL));
	sa_set_str(&want, "192.0.2.9", 0);
	CHECK(sa_cmp(&cfg->source, &want, SA_ALL));
	CHECK_INT(cfg->net.bits, 8);
	CHECK_INT(cfg->limits.calls, 255);
	CHECK_INT(cfg->limits.gain, -60);
	CHECK(cfg->nnets == 2 && cfg->nets[0].bits == 0 &&
	      cfg->nets[1].bits == 32);
	CHECK(cfg->nwords == 3 && !strcmp(cfg->words[1], "b c"));
	CHECK(cfg->nrules == 3 && !cfg->rules[0].to.level &&
	      !cfg->rules[0].to.limits);
	CHECK_STR(cfg->rules[0].to.user, "alice");
	CHECK_STR(cfg->rules[0].pos.file, "s.yaml");
	CHECK(cfg->rules[1].pos.line == 17 && cfg->rules[1].pos.col == 5);
	CHECK_INT(cfg->rules[1].to.level, LEVEL_HIGH);
	CHECK(cfg->rules[2].to.limits && cfg->rules[2].to.limits->calls == 10);
	CHECK(cfg->npeers == 2);
	CHECK_STR(cfg->peers[0].name, "pab");
	CHECK_STR(cfg->peers[0].secret, "pass");
	CHECK_STR(cfg->peers[1].name, "1001");
	CHECK(!cfg->peers[1].secret);
	CHECK(cfg->nnumbers == 2 && cfg->numbers[1].value == 2);
	mem_deref(cfg);
}

static void all_errors_come_at_once_in_order_of_place(void)
{
	CHECK_STR(errors_of("prot: 1\n"
			    "port: 65536\n"
			    "on: yes\n"
			    "level: hihg\n"
			    "wait: 20\n"
			    "rules:\n"
			    "  - {nane: x, to: {user: a}}\n"
			    "peers:\n"
			    "  pab: {secret: abc}\n"),
		  "s.yaml:1:1: unknown key \"prot\" in sample.yaml, "
		  "did you mean \"port\"?\n"
		  "s.yaml:2:7: port: \"65536\" will not do, expected a whole "
		  "number from 1 to 65535\n"
		  "s.yaml:3:5: on: \"yes\" will not do, expected true or "
		  "false, did you mean \"true\"?\n"
		  "s.yaml:4:8: level: \"hihg\" will not do, expected one of "
		  "low, high, did you mean \"high\"?\n"
		  "s.yaml:5:7: wait: \"20\" will not do, expected a time like "
		  "20s or 500ms, from 100ms to 1h\n"
		  "s.yaml:7:5: \"name\" is missing, expected a text of 2 to 8 "
		  "bytes\n"
		  "s.yaml:7:6: unknown key \"nane\" in a rule, expected name, "
		  "to, did you mean \"name\"?\n"
		  "s.yaml:9:8: \"addr\" is missing, expected an address and "
		  "port like 192.0.2.1:5060\n");
}

static void wrong_shapes_are_named(void)
{
	CHECK_STR(errors_of("title: [a]\n"),
		  "s.yaml:1:8: title: found a list, expected a text\n");
	CHECK_STR(errors_of("rules: {a: b}\n"),
		  "s.yaml:1:8: rules: found keys and values, expected a "
		  "list\n");
	CHECK_STR(errors_of("rules: [text]\n"),
		  "s.yaml:1:9: rules: found a single value, expected keys "
		  "and values\n");
	CHECK_STR(errors_of("peers: [a]\n"),
		  "s.yaml:1:8: peers: found a list, expected names with "
		  "their values\n");
	CHECK_STR(errors_of("limits: 3\n"),
		  "s.yaml:1:9: limits: found a single value, expected keys "
		  "and values\n");
	CHECK_STR(errors_of("- a\n"),
		  "s.yaml:1:1: found a list, expected keys and values\n");
	CHECK_STR(errors_of("text\n"), "s.yaml:1:1: found a single value, "
				       "expected keys and values\n");
}

static void keys_without_value_are_named(void)
{
	static const char *const null[] = {"title:\n", "title: ~\n",
					   "title: null\n"};

	for (int i = 0; i < 3; i++)
		CHECK(strstr(errors_of(null[i]),
			     "title: found no value, expected a text\n"));
	CHECK(strstr(errors_of("limits:\n"), "limits: found no value"));
	CHECK(strstr(errors_of("rules:\n"), "rules: found no value"));
	CHECK(strstr(errors_of("nets:\n"), "nets: found no value"));
	CHECK_STR(errors_of("title: 'null'\n"), "");
}

static void exactly_one_key_of_a_choice(void)
{
	CHECK_STR(errors_of("rules: [{name: ab, to: {}}]\n"),
		  "s.yaml:1:24: a target has 0 keys, expected exactly one of "
		  "user, level, limits\n");
	CHECK_STR(errors_of("rules: [{name: ab, to: {user: a, level: "
			    "low}}]\n"),
		  "s.yaml:1:24: a target has 2 keys, expected exactly one of "
		  "user, level, limits\n");
	CHECK_STR(errors_of("rules: [{name: ab, to: {usr: a}}]\n"),
		  "s.yaml:1:25: unknown key \"usr\" in a target, expected "
		  "user, level, limits, did you mean \"user\"?\n");
}

static void counts_of_lists_and_maps_are_kept(void)
{
	CHECK_STR(errors_of("nets: [10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8, "
			    "10.0.0.0/8]\n"),
		  "s.yaml:1:7: nets: 4 entries, expected 0 to 3\n");
	CHECK_STR(errors_of("numbers: {}\n"),
		  "s.yaml:1:10: numbers: 0 entries, expected at least 1\n");
}

static void one_value_may_stand_alone_where_allowed(void)
{
	struct sample_cfg *cfg = fill("nets: 10.0.0.0/8\n");

	REQUIRE(cfg);
	CHECK(cfg->nnets == 1 && cfg->nets[0].bits == 8);
	mem_deref(cfg);
	CHECK_STR(errors_of("words: a\n"),
		  "s.yaml:1:8: words: found a single value, expected a "
		  "list\n");
}

static void keys_of_maps_are_checked(void)
{
	CHECK_STR(errors_of("peers: {xy: {addr: 1.2.3.4:5}}\n"),
		  "s.yaml:1:9: peers: \"xy\" will not do as a key, expected "
		  "a text without x\n");
	CHECK(strstr(errors_of("peers: {\"\": {addr: 1.2.3.4:5}}\n"),
		     "a name of 1 to 128 bytes"));
}

static void secrets_come_from_the_environment(void)
{
	struct sample_cfg *cfg;

	setenv("CB_TEST_SECRET", "of the env", 1);
	cfg = fill("peers: {a: {addr: 1.2.3.4:5, secret: "
		   "\"${CB_TEST_SECRET}\"}}\n");
	REQUIRE(cfg);
	CHECK_STR(cfg->peers[0].secret, "of the env");
	mem_deref(cfg);
	unsetenv("CB_TEST_SECRET");
	CHECK_STR(errors_of("peers: {a: {addr: 1.2.3.4:5, secret: "
			    "\"${CB_TEST_SECRET}\"}}\n"),
		  "s.yaml:1:38: secret: the environment variable "
		  "CB_TEST_SECRET is not set\n");
	CHECK(strstr(errors_of("peers: {a: {addr: 1.2.3.4:5, secret: "
			       "\"${a b}\"}}\n"),
		     "expected the name of an environment variable"));
}

static bool write_file(const char *name, const char *text)
{
	char path[300];
	int fd;
	bool ok;

	re_snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static void secrets_come_from_a_file_beside(void)
{
	struct cfg_errors *errs = NULL;
	struct sample_cfg *cfg = NULL;
	char path[300];

	REQUIRE(write_file("pw", "of the file\r\nsecond line\n"));
	REQUIRE(write_file("c.yaml", "peers: {a: {addr: 1.2.3.4:5, secret: "
				     "file:pw}}\n"));
	re_snprintf(path, sizeof(path), "%s/c.yaml", test_tmpdir());
	REQUIRE(!cfg_errors_alloc(&errs));
	CHECK_INT(cfg_load(&cfg, &sample_table, path, errs), 0);
	CHECK(cfg && !strcmp(cfg->peers[0].secret, "of the file"));
	cfg = mem_deref(cfg);

	REQUIRE(write_file("c.yaml", "peers: {a: {addr: 1.2.3.4:5, secret: "
				     "file:absent}}\n"));
	CHECK_INT(cfg_load(&cfg, &sample_table, path, errs), EINVAL);
	CHECK_INT(cfg_errors_count(errs), 1);
	mem_deref(errs);
}

static void secrets_never_reach_an_error(void)
{
	const char *text = errors_of("peers: {a: {addr: 1.2.3.4:5, secret: "
				     "hunter2x}}\n");

	CHECK_STR(text, "s.yaml:1:38: secret: the value will not do, expected "
			"a text without x\n");
	CHECK(!strstr(errors_of("peers: {a: {addr: 1.2.3.4:5, secret: "
				"[hunter2]}}\n"),
		      "hunter2"));
}

static void what_is_no_secret_keeps_its_dollar(void)
{
	struct sample_cfg *cfg = fill("title: \"${HOME}\"\n");

	REQUIRE(cfg);
	CHECK_STR(cfg->title, "${HOME}");
	mem_deref(cfg);
}

static void errors_are_bounded(void)
{
	struct mbuf *mb = mbuf_alloc(1024);

	for (int i = 0; i < 5000; i++)
		mbuf_printf(mb, "title%d: 1\n", i);
	mbuf_write_u8(mb, 0);
	(void)errors_of((char *)mb->buf);
	CHECK(strstr(errors, "and 4900 more errors\n"));
	mem_deref(mb);
}

static void absent_file_is_named(void)
{
	struct cfg_errors *errs = NULL;
	struct sample_cfg *cfg = NULL;
	char text[200];

	REQUIRE(!cfg_errors_alloc(&errs));
	CHECK_INT(cfg_load(&cfg, &sample_table, "absent.yaml", errs), EINVAL);
	re_snprintf(text, sizeof(text), "%H", cfg_errors_print, errs);
	CHECK_STR(text, "absent.yaml: cannot read the file: No such file or "
			"directory\n");
	mem_deref(errs);
}

static void naughty_title(const char *line, void *arg)
{
	struct mbuf *mb = mbuf_alloc(256);
	struct sample_cfg *cfg;
	unsigned *filled = arg;

	REQUIRE(mb);
	CHECK(!mbuf_write_str(mb, "title: "));
	naughty_quote(mb, line);
	CHECK(!mbuf_write_u8(mb, 0));
	cfg = fill((char *)mb->buf);
	if (cfg) {
		++*filled;
		CHECK_STR(cfg->title, line);
	}
	mem_deref(cfg);
	mem_deref(mb);
}

static void naughty_strings_fill_or_are_refused(void)
{
	unsigned filled = 0;
	const unsigned n = naughty_each(naughty_title, &filled);

	CHECK(!n || filled > 300);
}

static void memory_may_end_anywhere(void)
{
	struct cfg_tree *tree = NULL;
	struct sample_cfg *cfg = NULL;

	if (!cfg_tree_parse(&tree, "s", full, strlen(full), NULL, NULL) &&
	    !cfg_fill(&cfg, &sample_table, cfg_tree_root(tree), NULL))
		CHECK(cfg->nrules == 3);
	mem_deref(tree);
	mem_deref(cfg);
}

TEST_MAIN(TEST(empty_file_takes_all_defaults),
	  TEST(every_kind_of_value_is_read),
	  TEST(all_errors_come_at_once_in_order_of_place),
	  TEST(wrong_shapes_are_named), TEST(keys_without_value_are_named),
	  TEST(exactly_one_key_of_a_choice),
	  TEST(counts_of_lists_and_maps_are_kept),
	  TEST(one_value_may_stand_alone_where_allowed),
	  TEST(keys_of_maps_are_checked),
	  TEST(secrets_come_from_the_environment),
	  TEST(secrets_come_from_a_file_beside),
	  TEST(secrets_never_reach_an_error),
	  TEST(what_is_no_secret_keeps_its_dollar), TEST(errors_are_bounded),
	  TEST(absent_file_is_named), TEST(naughty_strings_fill_or_are_refused),
	  TEST_OOM(memory_may_end_anywhere))
