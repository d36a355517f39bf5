/*
 * media_tap.c  What a worker needs to record calls, and to give their audio to
 *              consumers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_msg.h"
#include "common/countof.h"
#include "common/log.h"
#include "mediad/control/news.h"
#include "mediad/media_metric.h"
#include "mediad/media_tap.h"
#include "mediad/sound/codec.h"

static void destructor(void *data)
{
	struct media_tap *tap = data;

	mem_deref(tap->recorder);
	mem_deref(tap->forker);
	mem_deref(tap->news);
}

static enum ctl_event_kind kind_of(enum rec_news news)
{
	static const enum ctl_event_kind kinds[] = {
		[REC_ENDED] = CTL_FACT_RECORDED,
		[REC_LOST] = CTL_FACT_RECORD_LOST,
		[REC_PAUSED] = CTL_FACT_RECORD_PAUSED,
		[REC_RESUMED] = CTL_FACT_RECORD_RESUMED,
	};

	return kinds[news];
}

static void on_report(const struct rec_report *report, void *arg)
{
	struct media_tap *tap = arg;
	char text[CTL_TEXT_MAX + 1];
	struct ctl_event event;

	memset(&event, 0, sizeof(event));
	event.kind = kind_of(report->news);
	event.why = report->end == REC_WHOLE ? STATUS_OK : STATUS_OVERLOAD;
	str_ncpy(event.session, report->name.session, sizeof(event.session));
	str_ncpy(event.call, report->name.call, sizeof(event.call));
	pl_set_str(&event.tenant, report->name.tenant);
	pl_set_str(&event.there, report->name.there);
	re_snprintf(text, sizeof(text), "%s%s%send=%s ms=%llu gap-ms=%llu",
		    *report->file ? "file=" : "", report->file,
		    *report->file ? " " : "", rec_end_name(report->end),
		    (unsigned long long)report->ms,
		    (unsigned long long)report->gap_ms);
	pl_set_str(&event.text, text);
	if (report->news == REC_LOST)
		log_warn(report->name.call, "some of a call is not recorded",
			 "file=%s why=%s", report->file,
			 rec_end_name(report->end));
	else
		log_info(report->name.call, ctl_event_name(event.kind), "%s",
			 text);
	news_event(tap->news, &event);
}

static int recorder_make(struct media_tap *tap, const struct mediad_cfg *cfg)
{
	const struct mediad_recording *from = &cfg->recording;
	const struct recorder_cfg to = {
		.dir = from->dir,
		.format = from->format ? REC_WAV : REC_OGG,
		.rate = (uint32_t)from->rate,
		.bitrate = from->bitrate,
		.max_bytes = from->max_bytes,
		.min_free = from->min_free,
		.max_s = from->max_ms / 1000,
		.memory = from->memory,
	};

	return from->dir ? recorder_alloc(&tap->recorder, &to, on_report, tap)
			 : 0;
}

static int consumer_add(struct forker *forker,
			const struct mediad_consumer *from)
{
	static const struct {
		const struct codec *codec;
		uint8_t pt;
	} codecs[] = {{&codec_l16, 97},
		      {&codec_pcmu, 0},
		      {&codec_pcma, 8},
		      {&codec_opus, 96}};
	struct fork_consumer to = {
		.addr = from->addr,
		.codec = codecs[(size_t)from->codec % COUNTOF(codecs)].codec,
		.pt = codecs[(size_t)from->codec % COUNTOF(codecs)].pt,
		.ptime = from->ptime,
	};

	str_ncpy(to.name, from->name, sizeof(to.name));
	return forker_add(forker, &to);
}

int media_tap_alloc(struct media_tap **tapp, struct session_deps *deps,
		    const struct mediad_cfg *cfg, struct news *news)
{
	struct media_tap *tap = mem_zalloc(sizeof(*tap), destructor);
	int err;

	if (!tap)
		return ENOMEM;
	tap->news = mem_ref(news);
	err = recorder_make(tap, cfg);
	if (!err)
		err = forker_alloc(&tap->forker);
	for (uint32_t i = 0; i < cfg->nconsumers && !err; i++)
		err = consumer_add(tap->forker, &cfg->consumers[i]);
	if (err) {
		mem_deref(tap);
		return err;
	}
	deps->recorder = tap->recorder;
	deps->forker = tap->forker;
	*tapp = tap;
	return 0;
}

bool media_tap_idle(const struct media_tap *tap)
{
	return !tap->recorder || recorder_idle(tap->recorder);
}

void media_tap_fill(struct media_figures *figures,
		    const struct media_tap *tap)
{
	if (tap->recorder)
		figures->recorder = recorder_figures(tap->recorder);
	figures->forker = *forker_figures(tap->forker);
}
