/*
 * test_route_group_order.c  Who of a group is tried first
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "routing/route_group.h"
#include "tests/lib/test.h"

enum { MEMBERS = 6, ROUNDS = 20000 };

static const char *const names[MEMBERS] = {"a", "b", "c", "d", "e", "f"};

/* What is said of the members, by place. */
struct world {
	struct route_connection conns[MEMBERS];
	struct route_member members[MEMBERS];
	struct route_group group;
	enum route_state states[MEMBERS];
	uint32_t costs[MEMBERS];
	const char *here;
	uint32_t turn;
};

static void world_init(struct world *world, enum route_order order)
{
	memset(world, 0, sizeof(*world));
	for (unsigned i = 0; i < MEMBERS; i++) {
		world->conns[i].name = names[i];
		world->members[i] = (struct route_member){
			.name = names[i], .conn = &world->conns[i],
			.weight = 1, .cost = ROUTE_COST_NONE};
	}
	world->group = (struct route_group){.name = "g", .order = order,
					    .members = world->members,
					    .nmembers = MEMBERS};
}

static unsigned nr_of(const struct world *world,
		      const struct route_connection *conn)
{
	return (unsigned)(conn - world->conns);
}

static void on_health(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	const struct world *world = arg;

	CHECK(health->state == ROUTE_STATE_UP && !health->since_ms);
	health->state = world->states[nr_of(world, conn)];
	str_ncpy(health->why, "so", sizeof(health->why));
}

static uint32_t on_turn(const struct route_group *group, void *arg)
{
	struct world *world = arg;

	CHECK(group == &world->group);
	return world->turn++;
}

static bool on_region(const char *region, void *arg)
{
	const struct world *world = arg;

	return world->here && !strcmp(region, world->here);
}

static uint32_t on_cost(const struct route_member *member, void *arg)
{
	const struct world *world = arg;

	return world->costs[member - world->members];
}

static unsigned order(struct route_pick picks[ROUTE_MEMBERS_MAX],
		      struct world *world, uint64_t seed, bool doubtful)
{
	const struct route_group_ask ask = {
		.seed = seed, .healthh = on_health, .turnh = on_turn,
		.regionh = on_region, .costh = on_cost, .arg = world};

	const struct route_failover last = {.unhealthy = ROUTE_UNHEALTHY_LAST};

	memset(picks, 0xee, ROUTE_MEMBERS_MAX * sizeof(*picks));
	return route_group_order(picks, &world->group, &ask,
				 doubtful ? &last : NULL);
}

/* All names in their order, those that are not tried behind a bar. */
static const char *text_of(struct world *world, uint64_t seed, bool doubtful)
{
	static char text[MEMBERS + 2];
	struct route_pick picks[ROUTE_MEMBERS_MAX];
	const unsigned tried = order(picks, world, seed, doubtful);
	size_t n = 0;

	for (unsigned i = 0; i < MEMBERS; i++) {
		if (i == tried)
			text[n++] = '|';
		text[n++] = picks[i].member->name[0];
	}
	text[n] = '\0';
	return text;
}

/* --- of each order --------------------------------------------------------------- */

static void by_priority_and_then_as_they_stand(void)
{
	static const uint32_t priorities[MEMBERS] = {2, 1, 2, 0, 1, 2};
	struct world world;

	world_init(&world, ROUTE_BY_PRIORITY);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].priority = priorities[i];
	for (uint64_t seed = 0; seed < 50; seed++)
		CHECK_STR(text_of(&world, seed, false), "dbeacf");
}

static void the_cheapest_comes_first(void)
{
	static const uint32_t costs[MEMBERS] = {
		9, 7, ROUTE_COST_NONE, 7, ROUTE_COST_NONE, 1};
	unsigned first_b = 0;
	struct world world;

	world_init(&world, ROUTE_BY_COST);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].cost = costs[i];
	/* by its table it is cheaper; another table does not have it */
	world.members[0].rates = world.members[2].rates = "rates";
	world.costs[0] = 2;
	world.costs[2] = ROUTE_COST_NONE;
	for (uint64_t seed = 0; seed < 1000; seed++) {
		const char *text = text_of(&world, seed, false);

		first_b += !strcmp(text, "fabde|c");
		CHECK(!strcmp(text, "fabde|c") || !strcmp(text, "fadbe|c"));
	}
	CHECK(first_b > 400 && first_b < 600);
}

static void what_has_no_rate_is_told(void)
{
	struct route_pick picks[ROUTE_MEMBERS_MAX];
	struct world world;

	world_init(&world, ROUTE_BY_COST);
	for (unsigned i = 0; i < MEMBERS; i++) {
		world.members[i].rates = "rates";
		world.costs[i] = i == 4 ? 33 : ROUTE_COST_NONE;
	}
	CHECK_INT(order(picks, &world, 1, true), 1);
	CHECK_STR(picks[0].member->name, "e");
	CHECK_INT(picks[0].cost, 33);
	CHECK_INT(picks[0].why, ROUTE_PICK_TAKEN);
	for (unsigned i = 1; i < MEMBERS; i++)
		CHECK_INT(picks[i].why, ROUTE_PICK_NO_RATE);
}

static void the_nearest_comes_first(void)
{
	static const char *const regions[MEMBERS] = {"us", "eu", NULL,
						     "ap", "sa", "eu"};
	const char *next[] = {"us", "ap"};
	struct route_near near = {"eu", next, 2};
	struct world world;

	world_init(&world, ROUTE_BY_DISTANCE);
	world.group.near  = &near;
	world.group.nnear = 1;
	for (unsigned i = 0; i < MEMBERS; i++) {
		world.members[i].region	  = regions[i];
		world.members[i].priority = i;
	}
	world.here = "eu";
	CHECK_STR(text_of(&world, 1, false), "bfadce");
	world.here = "sa";
	CHECK_STR(text_of(&world, 1, false), "ecabdf");
	world.here = NULL;
	CHECK_STR(text_of(&world, 1, false), "cabdef");
}

static void equal_ones_take_turns(void)
{
	struct world world;

	world_init(&world, ROUTE_BY_TURN);
	world.members[5].priority = 1;
	CHECK_STR(text_of(&world, 9, false), "abcdef");
	CHECK_STR(text_of(&world, 9, false), "bcdeaf");
	CHECK_STR(text_of(&world, 1, false), "cdeabf");
	world.turn = 4;
	CHECK_STR(text_of(&world, 1, false), "eabcdf");
	CHECK_STR(text_of(&world, 1, false), "abcdef");
	/* the turns of who is left out are those of all others */
	world.states[1] = ROUTE_STATE_DOWN;
	world.turn	= 0;
	CHECK_STR(text_of(&world, 1, false), "acdef|b");
	CHECK_STR(text_of(&world, 1, false), "cdeaf|b");
}

/* --- weights --------------------------------------------------------------------- */

/* How often each came first. */
static void count_first(unsigned counts[MEMBERS], struct world *world)
{
	struct route_pick picks[ROUTE_MEMBERS_MAX];

	memset(counts, 0, MEMBERS * sizeof(*counts));
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		(void)order(picks, world, seed, false);
		counts[nr_of(world, picks[0].member->conn)]++;
	}
}

static bool is_share(unsigned count, double of)
{
	const double want = ROUNDS * of;

	/* five standard deviations are below 2.5 % of 20,000 */
	return count > want - ROUNDS * 0.02 && count < want + ROUNDS * 0.02;
}

static void weights_are_shares_of_the_load(void)
{
	static const uint32_t weights[MEMBERS] = {60, 30, 10, 0, 0, 1000};
	unsigned counts[MEMBERS];
	struct world world;

	world_init(&world, ROUTE_BY_WEIGHT);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].weight = weights[i];
	world.members[5].priority = 1;
	count_first(counts, &world);
	CHECK(is_share(counts[0], 0.6));
	CHECK(is_share(counts[1], 0.3));
	CHECK(is_share(counts[2], 0.1));
	CHECK_INT(counts[3] + counts[4] + counts[5], 0);
	/* who is left shares what one had who is down */
	world.states[0] = ROUTE_STATE_BROKEN;
	count_first(counts, &world);
	CHECK_INT(counts[0], 0);
	CHECK(is_share(counts[1], 0.75));
	CHECK(is_share(counts[2], 0.25));
}

static void without_weights_all_are_equal(void)
{
	unsigned counts[MEMBERS];
	struct world world;

	world_init(&world, ROUTE_BY_WEIGHT);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].weight = 0;
	count_first(counts, &world);
	for (unsigned i = 0; i < MEMBERS; i++)
		CHECK(is_share(counts[i], 1.0 / MEMBERS));
}

static void the_largest_weights_do_not_overflow(void)
{
	unsigned counts[MEMBERS];
	struct world world;

	world_init(&world, ROUTE_BY_WEIGHT);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].weight = 65535;
	count_first(counts, &world);
	for (unsigned i = 0; i < MEMBERS; i++)
		CHECK(is_share(counts[i], 1.0 / MEMBERS));
}

/* --- who is not well ------------------------------------------------------------ */

static void who_is_not_well_is_left_out_or_last(void)
{
	struct route_pick picks[ROUTE_MEMBERS_MAX];
	struct world world;

	world_init(&world, ROUTE_BY_PRIORITY);
	world.states[0] = ROUTE_STATE_DOWN;
	world.states[1] = ROUTE_STATE_FORCED;
	world.states[2] = ROUTE_STATE_TRIAL;
	world.states[3] = ROUTE_STATE_BROKEN;
	world.states[4] = ROUTE_STATE_BUSY;
	CHECK_STR(text_of(&world, 1, false), "cf|abde");
	CHECK_STR(text_of(&world, 1, true), "cfad|be");
	CHECK_INT(order(picks, &world, 1, true), 4);
	CHECK_INT(picks[2].why, ROUTE_PICK_LAST);
	CHECK_INT(picks[4].why, ROUTE_PICK_OUT);
	CHECK_INT(picks[4].health.state, ROUTE_STATE_FORCED);
	CHECK_STR(picks[4].health.why, "so");
	world.states[2] = world.states[5] = ROUTE_STATE_DRAINING;
	world.states[0] = world.states[3] = ROUTE_STATE_FULL;
	CHECK_STR(text_of(&world, 1, true), "|abcdef");
}

static void nobody_who_knows_means_all_are_up(void)
{
	const struct route_group_ask ask = {.seed = 1};
	struct route_pick picks[ROUTE_MEMBERS_MAX];
	struct world world;

	for (int how = ROUTE_BY_PRIORITY; how <= ROUTE_BY_TURN; how++) {
		world_init(&world, (enum route_order)how);
		world.members[0].rates	= "rates";
		world.members[1].region = "eu";
		CHECK_INT(route_group_order(picks, &world.group, &ask, NULL),
			  MEMBERS);
	}
}

/* --- whatever is asked ------------------------------------------------------------ */

static uint32_t next_chance(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void world_any(struct world *world, uint32_t *chance)
{
	static const char *const regions[] = {NULL, "eu", "us"};

	world_init(world, (enum route_order)(1 + next_chance(chance) % 5));
	world->here = regions[next_chance(chance) % 3];
	world->turn = next_chance(chance);
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct route_member *member = &world->members[i];

		world->states[i] = (enum route_state)(next_chance(chance) %
						      ROUTE_STATE_COUNT);
		world->costs[i]	 = next_chance(chance) % 3
					   ? next_chance(chance) % 4
					   : ROUTE_COST_NONE;
		member->priority = next_chance(chance) % 3;
		member->weight	 = next_chance(chance) % 3 * 10;
		member->region	 = regions[next_chance(chance) % 3];
		member->rates	 = next_chance(chance) % 2 ? "rates" : NULL;
		member->cost	 = next_chance(chance) % 4;
	}
}

static bool is_tried(const struct route_pick *pick, bool doubtful)
{
	return pick->why != ROUTE_PICK_NO_RATE &&
	       (route_state_takes(pick->health.state) ||
		(doubtful && route_state_doubtful(pick->health.state)));
}

static void it_is_a_permutation_and_the_same_for_the_same_seed(void)
{
	struct route_pick picks[ROUTE_MEMBERS_MAX], again[ROUTE_MEMBERS_MAX];
	uint32_t chance = 1;
	struct world world;

	for (unsigned round = 0; round < 20000; round++) {
		const uint64_t seed = next_chance(&chance) % 1000;
		const bool doubtful = round % 2;
		unsigned n, seen = 0;
		uint32_t turn;

		world_any(&world, &chance);
		turn = world.turn;
		n = order(picks, &world, seed, doubtful);
		world.turn = turn;
		REQUIRE(n == order(again, &world, seed, doubtful));
		for (unsigned i = 0; i < MEMBERS; i++) {
			seen |= 1u << nr_of(&world, picks[i].member->conn);
			REQUIRE(picks[i].member == again[i].member);
			REQUIRE(is_tried(&picks[i], doubtful) == (i < n));
			REQUIRE((picks[i].why <= ROUTE_PICK_LAST) == (i < n));
			/* what is doubtful is behind what is not */
			REQUIRE(!i || i >= n ||
				picks[i - 1].why <= picks[i].why);
		}
		REQUIRE(seen == (1u << MEMBERS) - 1);
	}
}

/* The order of lines in a file is no word about load. */
static void shuffled_members_have_the_same_shares(void)
{
	static const uint32_t weights[MEMBERS] = {5, 1, 1, 1, 1, 1};
	unsigned one[MEMBERS], other[MEMBERS];
	struct world world;

	world_init(&world, ROUTE_BY_WEIGHT);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].weight = weights[i];
	count_first(one, &world);
	for (unsigned i = 0; i < MEMBERS; i++)
		world.members[i].weight = weights[MEMBERS - 1 - i];
	count_first(other, &world);
	CHECK(is_share(one[0], 0.5) && is_share(other[MEMBERS - 1], 0.5));
	CHECK(is_share(one[3], 0.1) && is_share(other[3], 0.1));
}

TEST_MAIN(TEST(by_priority_and_then_as_they_stand),
	  TEST(the_cheapest_comes_first), TEST(what_has_no_rate_is_told),
	  TEST(the_nearest_comes_first), TEST(equal_ones_take_turns),
	  TEST(weights_are_shares_of_the_load),
	  TEST(without_weights_all_are_equal),
	  TEST(the_largest_weights_do_not_overflow),
	  TEST(who_is_not_well_is_left_out_or_last),
	  TEST(nobody_who_knows_means_all_are_up),
	  TEST(it_is_a_permutation_and_the_same_for_the_same_seed),
	  TEST(shuffled_members_have_the_same_shares))
