/*
 * media_metric.c  The figures of a mediad worker, for people who watch it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>

#include "common/admin_metrics.h"
#include "common/countof.h"
#include "mediad/media_metric.h"

#define ROW(type, name, labels, help, member)                        \
	{                                                            \
		type, "cordboard_media_" name, labels, help,         \
			offsetof(struct media_figures, member), NULL \
	}
#define COUNT(name, labels, help, member) \
	ROW(METRIC_COUNTER, name "_total", labels, help, member)
#define GAUGE(name, help, member) ROW(METRIC_GAUGE, name, NULL, help, member)

#define PARTS(name, help, member)                                      \
	{                                                              \
		METRIC_GAUGE, "cordboard_media_" name, NULL, help,     \
			offsetof(struct media_figures, member), &milli \
	}
#define GRADE(name, help, member, bounds)                       \
	{                                                       \
		METRIC_HIST, "cordboard_media_" name, NULL, help, \
			offsetof(struct media_figures,          \
				 commands.grades.member), bounds \
	}

#define DROP_HELP "Datagrams from browsers that were not served"
#define DROP(reason, member)                                           \
	COUNT("dropped_datagrams", "reason=\"" reason "\"", DROP_HELP, \
	      mux.member)
#define RTP_HELP "Datagrams from PBXs that were not served"
#define RTP_DROP(reason, member)                                          \
	COUNT("rtp_dropped_datagrams", "reason=\"" reason "\"", RTP_HELP, \
	      hub.member)
#define VERB(verb, nr)                                            \
	COUNT("commands", "verb=\"" verb "\"", "Commands served", \
	      commands.served[nr])
#define FAILED(verb, nr)                                       \
	COUNT("failed_commands", "verb=\"" verb "\"",          \
	      "Commands answered with another status than ok", \
	      commands.failed[nr])
#define QUIET(reason, nr)                          \
	COUNT("unheard_legs", "reason=\"" reason "\"", \
	      "Sides of answered calls found not to be heard", quiets[nr])
#define REFUSED(reason, nr)                                           \
	COUNT("refused_messages", "reason=\"" reason "\"",            \
	      "Entries of the command stream that were not accepted", \
	      ctl.refused[nr])

static const struct metric_bounds milli = {.per_unit = 1000};

static const struct metric_desc rows[] = {
	GAUGE("sessions", "Sessions now", sessions),
	GAUGE("draining", "1: takes no new session", draining),
	GAUGE("ready", "1: commands are served", ready),
	COUNT("resumed_sessions", NULL,
	      "Sessions taken over from the process before", resumed),
	GAUGE("deaths", "Processes of this slot that died in a row", deaths),
	COUNT("received_datagrams", NULL, "Datagrams from browsers", mux.rx),
	COUNT("received_bytes", NULL, "Bytes from browsers", mux.rx_bytes),
	COUNT("sent_datagrams", NULL, "Datagrams to browsers", mux.tx),
	COUNT("sent_bytes", NULL, "Bytes to browsers", mux.tx_bytes),
	COUNT("receive_calls", NULL,
	      "System calls that got them: datagrams a call are the batch",
	      mux.rx_batches),
	COUNT("send_calls", NULL, "System calls that sent them",
	      mux.tx_batches),
	PARTS("loop_late_ratio", "How much of the last second the loop was "
	      "late; from 0.5 on there are no new sessions, until it is "
	      "0.2 again, where the worker is busy. A delay of more than "
	      "0.3 s counts as that, the next one whole", late),
	PARTS("loop_missed_ratio", "How many of its deadlines of the last "
	      "second the loop met 20 ms late or more; from 0.8 on there are "
	      "no new sessions, until it is 0.4 again, where the worker is "
	      "busy", missed),
	PARTS("loop_busy_ratio", "How much the loop worked of the time of the "
	      "last second that it had, without what it was late: from 0.5 "
	      "on it is late for its calls, with less because it lacks "
	      "processor time", busy),
	DROP("not-media", other),
	DROP("too-big", too_big),
	DROP("unknown-ufrag", no_ufrag),
	DROP("unknown-source", no_tuple),
	DROP("queue-overflow", overflow),
	PARTS("receive_queue_ratio",
	      "How full the queue of the sockets for browsers is, the fullest",
	      queued),
	COUNT("unsent_datagrams", NULL, "Not taken by the system",
	      mux.tx_dropped),
	GAUGE("tcp_connections", "Browsers that come over TCP now",
	      tcp.connections),
	COUNT("tcp_accepted_connections", NULL, "Connections of browsers",
	      tcp.taken),
	COUNT("tcp_passed_connections", NULL,
	      "Those of them that another worker has taken over", tcp.passed),
	COUNT("tcp_closed_connections", "reason=\"unclaimed\"",
	      "Connections closed by us", tcp.refused),
	COUNT("tcp_closed_connections", "reason=\"broken\"",
	      "Connections closed by us", tcp.broken),
	COUNT("tcp_unsent_datagrams", NULL, "Lost because the browser's side "
	      "reads too slowly", tcp.lost),
	GAUGE("rtp_port_pairs", "Pairs of ports for plain RTP", rtp_pairs),
	GAUGE("rtp_port_pairs_free", "Those that no leg has", rtp_free),
	COUNT("rtp_busy_ports", NULL,
	      "Pairs passed over, because another program has a port of them",
	      hub.busy),
	COUNT("rtp_received_datagrams", NULL, "Datagrams from PBXs", hub.rx),
	COUNT("rtp_received_bytes", NULL, "Bytes from PBXs", hub.rx_bytes),
	COUNT("rtp_receive_turns", NULL, "Turns of the loop in which they were "
	      "read: datagrams a turn are the batch", hub.rx_turns),
	COUNT("rtp_sent_datagrams", NULL, "Datagrams to PBXs", hub.tx),
	COUNT("rtp_sent_bytes", NULL, "Bytes to PBXs", hub.tx_bytes),
	RTP_DROP("not-media", rubbish),
	RTP_DROP("too-big", too_big),
	RTP_DROP("too-early", early),
	RTP_DROP("unknown-source", strangers),
	RTP_DROP("not-authentic", bad_auth),
	RTP_DROP("too-many", too_many),
	RTP_DROP("queue-overflow", overflow),
	PARTS("rtp_receive_queue_ratio",
	      "How full the queue of the sockets for PBXs is, the fullest",
	      rtp_queued),
	COUNT("rtp_unsent_datagrams", NULL, "Not taken by the system",
	      hub.unsent),
	COUNT("rtp_unreachable", NULL,
	      "Told by the PBX's host that nobody listens there",
	      hub.unreachable),
	COUNT("recordings", NULL, "Files that were begun", recorder.begun),
	COUNT("ended_recordings", NULL, "Files that have ended", recorder.ended),
	COUNT("cut_recordings", NULL,
	      "Those that something is missing of (recording.lost)",
	      recorder.failed),
	COUNT("recording_dropped_blocks", NULL,
	      "Of 200 ms, that the disk was too slow for", recorder.dropped),
	GAUGE("recording_waiting_bytes", "Not written yet",
	      recorder.waiting),
	COUNT("forks", NULL, "Calls whose audio a consumer got", forker.forks),
	COUNT("fork_packets", NULL, "Sent to consumers", forker.packets),
	COUNT("fork_unsent_packets", NULL, "Not taken by the system",
	      forker.unsent),
	COUNT("restored_packets", NULL,
	      "Lost packets that redundant audio brought along (RFC 2198)",
	      restored),
	GAUGE("transcodes", "Ways from leg to leg that are transcoded now",
	      sound.running),
	COUNT("transcode_concealed_packets", NULL,
	      "Lost packets that something was made for", sound.concealed),
	COUNT("transcode_repaired_packets", NULL,
	      "Those of them that the packet behind repaired (Opus LBRR)",
	      sound.repaired),
	COUNT("transcode_skipped_packets", NULL,
	      "Lost packets of losses too long to conceal", sound.skipped),
	COUNT("transcode_late_packets", NULL, "Came after they were concealed",
	      sound.late),
	COUNT("transcode_reordered_packets", NULL,
	      "Came out of order, and were put right", sound.reordered),
	COUNT("transcode_unusable_packets", NULL,
	      "No payload of the codec, not agreed on, or faster than sound",
	      sound.unusable),
	COUNT("transcode_filled_frames", NULL,
	      "Frames made while the sender paused (DTX)", sound.filled),
	GRADE("leg_mos", "MOS (E-model, 1 to 4.5) of what came from a side of "
	      "a call, at its end", mos, &grade_mos_bounds),
	GRADE("leg_loss_ratio", "Share of its packets that were lost on the "
	      "way to us", loss, &grade_loss_bounds),
	GRADE("leg_jitter_seconds", "Its jitter (RFC 3550), as it was last",
	      jitter, &grade_jitter_bounds),
	GRADE("leg_round_trip_seconds", "Its round trip (RTCP), as it was last",
	      rtt, &grade_rtt_bounds),
	QUIET("no-packets", LEG_NO_PACKETS),
	QUIET("no-ice", LEG_NO_ICE),
	QUIET("no-dtls", LEG_NO_DTLS),
	QUIET("dtls-refused", LEG_DTLS_REFUSED),
	QUIET("ice-gone", LEG_ICE_GONE),
	QUIET("wrong-source", LEG_ELSEWHERE),
	QUIET("wrong-payload-type", LEG_WRONG_FORMAT),
	QUIET("not-authentic", LEG_NOT_AUTHENTIC),
	QUIET("malformed", LEG_MALFORMED),
	QUIET("silence", LEG_SILENT),
	VERB("leg.remote", CTL_LEG_REMOTE),
	VERB("leg.local", CTL_LEG_LOCAL),
	VERB("leg.join", CTL_LEG_JOIN),
	VERB("leg.rollback", CTL_LEG_ROLLBACK),
	VERB("leg.digit", CTL_LEG_DIGIT),
	VERB("leg.drop", CTL_LEG_DROP),
	VERB("session.drop", CTL_SESSION_DROP),
	VERB("session.query", CTL_SESSION_QUERY),
	VERB("session.tape", CTL_SESSION_TAPE),
	FAILED("leg.remote", CTL_LEG_REMOTE),
	FAILED("leg.local", CTL_LEG_LOCAL),
	FAILED("leg.join", CTL_LEG_JOIN),
	FAILED("leg.rollback", CTL_LEG_ROLLBACK),
	FAILED("leg.digit", CTL_LEG_DIGIT),
	FAILED("leg.drop", CTL_LEG_DROP),
	FAILED("session.drop", CTL_SESSION_DROP),
	FAILED("session.query", CTL_SESSION_QUERY),
	FAILED("session.tape", CTL_SESSION_TAPE),
	REFUSED("too-large", CTL_TOO_LARGE),
	REFUSED("bad-entry", CTL_BAD_ENTRY),
	REFUSED("bad-version", CTL_BAD_VERSION),
	REFUSED("no-key", CTL_NO_KEY),
	REFUSED("bad-mac", CTL_BAD_MAC),
	REFUSED("bad-envelope", CTL_BAD_ENVELOPE),
	REFUSED("not-for-us", CTL_NOT_FOR_US),
	REFUSED("wrong-epoch", CTL_WRONG_EPOCH),
	REFUSED("expired", CTL_EXPIRED),
	REFUSED("bad-verb", CTL_BAD_VERB),
	REFUSED("bad-field", CTL_BAD_FIELD),
	COUNT("refused_sessions", "reason=\"full\"",
	      "Sessions that were not made", commands.full),
	COUNT("refused_sessions", "reason=\"late\"",
	      "Sessions that were not made", commands.late),
	COUNT("refused_sessions", "reason=\"draining\"",
	      "Sessions that were not made", commands.draining),
	COUNT("repeated_commands", NULL, "Answered again from memory",
	      ctl.repeated),
	COUNT("events", NULL, "Losses told to sigd", news.events),
	COUNT("facts", NULL, "Facts told to whoever follows", news.facts),
	COUNT("untold_events", NULL, "Given up: no room or no memory",
	      news.left_out),
	COUNT("call_log_entries", NULL, "Written to the logs of calls",
	      log.written),
	COUNT("call_log_dropped_entries", NULL,
	      "Not written: Redis was away, or too slow", log.dropped),
};

int media_metric_alloc(struct metric_set **setp, struct media_figures *figures)
{
	struct metric_set *set = NULL;
	int err = metric_set_alloc(&set);

	if (!err)
		err = metric_add(set, rows, COUNTOF(rows), figures);
	if (!err)
		err = metric_add(set, redis_metrics, redis_nmetrics,
				 &figures->redis);
	if (!err)
		err = metric_add(set, vitals_metrics, vitals_nmetrics,
				 &figures->vitals);
	if (err) {
		mem_deref(set);
		return err;
	}
	*setp = set;
	return 0;
}

static const char head[] =
	"# Metrics of mediad\n\n"
	"Printed by `mediad --metrics`; a test compares. How they are meant: "
	"[metrics.md](metrics.md).\n\n"
	"## Of each worker\n\n"
	"Each has the label `worker`, `node/slot`; what begins with `process_` "
	"and `cordboard_loop_` the admin process, too (`node/admin`).\n\n";
static const char table[] = "| Name | Type | Labels | Meaning |\n"
			    "|---|---|---|---|\n";

int media_metric_reference(struct mbuf *mb)
{
	struct media_figures *figures = mem_zalloc(sizeof(*figures), NULL);
	struct metric_set *set = NULL;
	int err = figures ? media_metric_alloc(&set, figures) : ENOMEM;

	if (!err)
		err = mbuf_printf(mb, "%s%s", head, table);
	if (!err)
		err = metric_print_table(mb, set);
	if (!err)
		err = mbuf_printf(mb, "\n## Of the node\n\n%s", table);
	if (!err)
		err = admin_metrics_reference(mb);
	mem_deref(set);
	mem_deref(figures);
	return err;
}
