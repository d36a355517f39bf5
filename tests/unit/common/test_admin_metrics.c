/*
 * test_admin_metrics.c  Which form of /metrics somebody asks for
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/admin_metrics.h"
#include "tests/lib/test.h"

static void openmetrics_is_for_who_wants_it_most(void)
{
	CHECK_INT(admin_metrics_form(NULL), METRIC_TEXT);
	CHECK_INT(admin_metrics_form(""), METRIC_TEXT);
	CHECK_INT(admin_metrics_form("*/*"), METRIC_TEXT);
	/* as Prometheus asks */
	CHECK_INT(admin_metrics_form(
			  "application/openmetrics-text;version=1.0.0,"
			  "application/openmetrics-text;version=0.0.1;q=0.75,"
			  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
		  METRIC_OPEN);
	CHECK_INT(admin_metrics_form("Application/OpenMetrics-Text; q=0.4, "
				     "text/plain ;q=0.3"),
		  METRIC_OPEN);
	CHECK_INT(admin_metrics_form("application/openmetrics-text;q=0.3,"
				     "text/plain;q=0.5"),
		  METRIC_TEXT);
	CHECK_INT(admin_metrics_form("application/openmetrics-text;q=0"),
		  METRIC_TEXT);
	CHECK_INT(admin_metrics_form("application/openmetrics-textual"),
		  METRIC_TEXT);
	CHECK_INT(admin_metrics_form(",,;q=,text/plain;q=.,"), METRIC_TEXT);
}

TEST_MAIN(TEST(openmetrics_is_for_who_wants_it_most))
