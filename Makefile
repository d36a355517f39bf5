# Cordboard: one Makefile, nothing built outside $(B).  `make help` lists the targets.
# SPDX-License-Identifier: MIT

B       ?= build
CC      ?= gcc
OPT     ?= -O2 -g
SAN     ?=
WERROR  ?=
V       ?=
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc/cordboard
MANDIR  ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DESTDIR ?=
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

.DEFAULT_GOAL := all
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# --- libraries, with the oldest version that is known to work -------------
MINIMUM := libre:1.1.0 libwebsockets:4.1.6 openssl:3.0.0 libsrtp2:2.5.0 \
	opus:1.3.1 hiredis:0.14.1 yaml-0.1:0.2.5 libmicrohttpd:0.9.75 \
	libpcre2-8:10.42 libuv:1.44.0 libcares:1.18.0 jansson:2.14 libcurl:7.88.0 \
	libmaxminddb:1.7.0 spandsp:0.0.6 liblz4:1.9.4 ogg:1.3.5 opusfile:0.12
LIBS_PC := $(foreach m,$(MINIMUM),$(firstword $(subst :, ,$(m))))
# librem became a part of libre with 3.0
LIBS_PC += $(shell pkg-config --exists librem 2>/dev/null && echo librem)
PC_CFLAGS := $(shell pkg-config --cflags $(LIBS_PC) 2>/dev/null)
PC_LIBS   := $(shell pkg-config --libs $(LIBS_PC) 2>/dev/null)

# --- flags ------------------------------------------------------------------
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wcast-align \
	-Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(findstring -O0,$(OPT))$(SAN),,-D_FORTIFY_SOURCE=2)
# what libre 1.1 was built with: without these its headers make bool a char
# and leave IPv6 out, so that struct sa has another size
LIBRE_DEFS := -DHAVE_STDBOOL_H -DHAVE_INTTYPES_H -DHAVE_INET6
CPPFLAGS += -I. -D_GNU_SOURCE $(LIBRE_DEFS) $(patsubst -I%,-isystem %,$(PC_CFLAGS)) \
	$(FAULTS) $(if $(wildcard /usr/include/re/re.h),-isystem /usr/include/re)
CFLAGS  += -std=c11 $(OPT) $(WARN) $(HARDEN) $(if $(WERROR),-Werror) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed \
	$(if $(SAN),-fsanitize=$(SAN))
LDLIBS  := $(PC_LIBS) -lm -lpthread
# fault points are there to be tested with: not in what is installed, nor in
# what is measured
FAULTS  := $(if $(RELEASE),,-DCORDBOARD_FAULTS)

# --- the layers: what each folder may use; a wrong arrow fails to link -----
# a folder of several archives, which who uses it gets all together
PARTS_routing := $(addprefix routing/,check table plan match party number when where text)
FOLDERS := common common/control $(PARTS_routing) \
	sigd/sip sigd/transport sigd/txn sigd/guard sigd/auth sigd/journal sigd/registrar sigd/media \
	sigd/trace sigd/table sigd/call sigd/proxy sigd/upstream sigd/admin sigd/feed sigd/sse sigd/cordctl sigd \
	mediad/sdp mediad/transport mediad/rtp mediad/sound mediad/tap mediad/session \
	mediad/control mediad
USES_common         :=
USES_common/control := common
USES_routing/text   := common
USES_routing/number := routing/text common
USES_routing/when   := routing/text common
USES_routing/where  := routing/text common
USES_routing/party  := routing/text common
USES_routing/match  := $(addprefix routing/,party number when where) routing/text common
USES_routing/plan   := routing/match $(USES_routing/match)
USES_routing/table  := routing/plan $(USES_routing/plan)
USES_routing/check  := routing/table $(USES_routing/table)
# who asks a table needs one, and that is read from a text
TEST_USES_routing/party := routing
TEST_USES_routing/match := routing
TEST_USES_routing/plan  := routing
USES_sigd/sip       := common
USES_sigd/transport := common
USES_sigd/trace     := sigd/transport common
USES_sigd/txn       := sigd/sip common
USES_sigd/guard     := common
USES_sigd/auth      := sigd/sip common
USES_sigd/journal   := common
USES_sigd/registrar := sigd/journal sigd/auth sigd/sip common
USES_sigd/media     := common/control common
USES_sigd/call      := sigd/sip common
USES_sigd/proxy     := sigd/call sigd/media sigd/registrar sigd/journal sigd/auth sigd/guard sigd/txn \
	sigd/trace sigd/transport sigd/sip routing common/control common
USES_sigd/upstream  := sigd/proxy $(USES_sigd/proxy)
USES_sigd/table     := routing common
USES_sigd/admin     := sigd/table sigd/upstream $(USES_sigd/upstream)
USES_sigd/feed      := sigd/admin $(USES_sigd/admin)
USES_sigd/sse       := sigd/feed $(USES_sigd/feed)
USES_sigd/cordctl   := routing common
USES_sigd           := sigd/sse sigd/feed sigd/admin sigd/table sigd/upstream sigd/proxy $(USES_sigd/proxy)
USES_mediad/sdp     := common
USES_mediad/transport := common
USES_mediad/rtp     := mediad/transport common
USES_mediad/sound   := mediad/rtp mediad/transport common
USES_mediad/tap     := mediad/sound mediad/rtp mediad/transport common
USES_mediad/session := mediad/tap mediad/sound mediad/rtp mediad/transport mediad/sdp common
USES_mediad/control := mediad/session $(USES_mediad/session) common/control common
USES_mediad         := mediad/control $(USES_mediad/control)

# what is parted into stations that need each other is one archive
STATIONS_sigd/proxy := who register conn invite indialog relay move end
src  = $(filter-out %/main.c,$(wildcard $(1)/*.c \
	$(foreach s,$(STATIONS_$(1)),$(1)/$(s)/*.c)))
lib  = $(B)/lib/lib$(subst /,-,$(1)).a
libs = $(foreach u,$(1) $(USES_$(1)),$(foreach f,$(or $(PARTS_$(u)),$(u)),$(call lib,$(f))))
obj  = $(patsubst %.c,$(B)/obj/%.o,$(1))
# the archives of a daemon name each other only downwards, but its tests and
# mocks may look at any of them
ALL_LIBS := $(foreach f,$(FOLDERS),$(call lib,$(f)))
group = -Wl,--start-group $(1) -Wl,--end-group

# --- programs -----------------------------------------------------------------
PROGRAMS := $(foreach p,sigd mediad,$(if $(wildcard $(p)/main.c),$(B)/$(p))) $(B)/cordctl

all: $(PROGRAMS) ## build sigd, mediad and cordctl
$(B)/sigd: $(call obj,sigd/main.c) $(call libs,sigd)
$(B)/cordctl: $(call obj,sigd/cordctl/main.c) $(call libs,sigd/cordctl)
$(B)/mediad: $(call obj,mediad/main.c) $(call libs,mediad)
$(PROGRAMS):
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^)) $(LDLIBS)

$(B)/obj/%.o: %.c $(B)/flags | $(B)/libs-ok
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DVERSION='"$(VERSION)"' -MMD -MP -c -o $@ $<

# What can be asked of REST, told by it: docs/openapi.yaml as JSON.
MADE_sigd/admin := $(B)/obj/made/openapi.o
$(B)/made/openapi: deploy/openapi.c $(call lib,common) $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(call lib,common) $(LDLIBS)
$(B)/made/openapi.c: docs/openapi.yaml $(B)/made/openapi
	$(call say,MAKE,$@)
	$(Q)$(B)/made/openapi $< >$@.new && mv $@.new $@
$(B)/obj/made/openapi.o: $(B)/made/openapi.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

define archive
$(call lib,$(1)): $(call obj,$(call src,$(1))) $(MADE_$(1))
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive,$(f))))

# Objects of other flags are not mixed with these. -Werror changes no object.
FLAGS = $(CC) $(CPPFLAGS) $(filter-out -Werror,$(CFLAGS))
$(B)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS)' | cmp -s - $@ || printf '%s\n' '$(FLAGS)' >$@
always: ;
flags:
	@printf '%s\n' '$(CPPFLAGS)'

$(B)/libs-ok: Makefile
	@mkdir -p $(B)
	@for m in $(MINIMUM); do \
	  pkg-config --atleast-version=$${m#*:} $${m%%:*} || { \
	    v=$$(pkg-config --modversion $${m%%:*} 2>/dev/null || echo none); \
	    case $$v in $${m#*:}*) ;; *) \
	    echo "Cordboard needs $${m%%:*} >= $${m#*:}, found: $$v." \
	      "On Debian 'make deps' installs all it needs."; exit 1;; esac; }; \
	done; touch $@

# --- the page that sigd serves ---------------------------------------------------
WEB := index.html style.css icon.svg phone.js
DASHBOARD := index.html style.css icon.svg app.js
web: $(WEB:%=$(B)/web/%) $(DASHBOARD:%=$(B)/dashboard/%) ## bundle the pages into $(B)/web and $(B)/dashboard
$(B)/web/phone.js: sigd/web/phone.js $(wildcard sigd/web/*.js) sigd/web/package-lock.json
	@mkdir -p $(@D)
	$(call say,BUNDLE,$@)
	$(Q)B=$(B) deploy/deps.sh run && NODE_PATH=$(B)/npm/sigd/web/node_modules \
	  $(B)/npm/sigd/web/node_modules/.bin/esbuild $< --bundle --minify --target=es2022 --log-level=warning --outfile=$@
# and app.css, of what the script imports
$(B)/dashboard/app.js: sigd/web/dashboard/main.js $(wildcard sigd/web/dashboard/*.js) sigd/web/package-lock.json | $(B)/web/phone.js
	@mkdir -p $(@D)
	$(call say,BUNDLE,$@)
	$(Q)B=$(B) deploy/deps.sh run && NODE_PATH=$(B)/npm/sigd/web/node_modules \
	  $(B)/npm/sigd/web/node_modules/.bin/esbuild $< --bundle --minify --format=esm --target=es2022 --log-level=warning --outfile=$@
$(B)/dashboard/%: sigd/web/dashboard/%
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(B)/web/%: sigd/web/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

# --- codec modules: shared objects that are loaded when a configuration says so
module_make = $(CC) $(CPPFLAGS) $(filter-out -fPIE,$(CFLAGS)) -fPIC -shared -Wl,-z,relro,-z,now \
	-MMD -MP -MF $(@:.so=.d) -o $@ $<
$(B)/module/%.so: tests/module/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,MODULE,$@)
	$(Q)$(module_make) $(shell pkg-config --libs libre)
$(B)/module/%.so: mediad/module/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,MODULE,$@)
	$(Q)$(module_make) -lbcg729 $(shell pkg-config --libs libre)
g729: ## the module for G.729: needs libbcg729-dev, and is under the GPL then
	$(Q)pkg-config --exists libbcg729 || { echo "G.729 needs libbcg729: apt-get install libbcg729-dev"; exit 1; }
	$(Q)$(MAKE) RELEASE=1 B=$(B)/release $(B)/release/module/g729.so
install-g729: g729 ## it alone, into PREFIX/lib/cordboard
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/cordboard $(B)/release/module/g729.so
# what tests load; that for G.729 where its library is
MODULES := $(patsubst tests/%.c,$(B)/%.so,$(wildcard tests/module/*.c)) \
	$(if $(shell pkg-config --exists libbcg729 2>/dev/null && echo yes),$(B)/module/g729.so)
$(B)/tests/unit/mediad/sound/test_codec_set $(addprefix $(B)/tests/flow/test_media_,matrix policy quiet services): | $(MODULES)
$(B)/tests/bench/bench_codecs: | $(filter %/g729.so,$(MODULES))

# --- tests: tests/unit/<folder>/test_x.c links what <folder> may use ---------
TEST_LIB := $(call obj,$(filter-out tests/lib/fuzz_replay.c,$(wildcard tests/lib/*.c)))
TEST_MIN := $(call obj,tests/lib/test.c)
WRAP := -Wl,--wrap=mem_alloc -Wl,--wrap=mem_zalloc -Wl,--wrap=mem_realloc
UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c))
FLOW := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/flow/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY := $(FUZZ:%=$(B)/tests/replay/%)
BENCH := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/bench_*.c))
PEERS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/peers_*.c))
MEDIA := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/media_*.c))
QUALITY := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/quality_*.c))
BENCH_LIB := $(call obj,$(wildcard tests/bench/lib/*.c))

define unit_rule
$(B)/tests/unit/$(1)/%: $(B)/obj/tests/unit/$(1)/%.o $(TEST_MIN) $(sort $(call libs,$(1)) $(call libs,$(TEST_USES_$(1))))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(LDFLAGS) $(WRAP) -o $$@ $$(filter %.o,$$^) $$(call group,$$(filter %.a,$$^)) $(LDLIBS)
endef
$(foreach f,$(FOLDERS),$(eval $(call unit_rule,$(f))))

$(B)/tests/flow/% $(B)/tests/bench/%: $(B)/obj/tests/%.o ;
$(FLOW): $(B)/tests/flow/%: $(B)/obj/tests/flow/%.o $(TEST_LIB) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(WRAP) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^)) $(LDLIBS)
$(BENCH) $(PEERS) $(MEDIA) $(QUALITY): $(B)/tests/bench/%: $(B)/obj/tests/bench/%.o $(BENCH_LIB) $(filter-out $(TEST_MIN),$(TEST_LIB)) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^)) $(LDLIBS)
$(REPLAY): $(B)/tests/replay/%: $(B)/obj/tests/fuzz/%.o $(call obj,tests/lib/fuzz_replay.c) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^)) $(LDLIBS)

check: $(UNIT) $(FLOW) $(REPLAY) ## unit and flow tests, corpora replayed (T=name for some)
	$(Q)deploy/prove.sh "$(T)" $(UNIT) $(FLOW) $(REPLAY)

flow-bins: $(FLOW)
asan: ## check again with address, leak and undefined-behaviour sanitizers
	$(Q)$(MAKE) B=$(B)/asan SAN=address,undefined check
# Loading beside the loop (a table in a worker, the parent and the admin process,
# sounds), names of Redis, and recordings that are written. All else has one
# thread: the admin's libmicrohttpd and c-ares are served by our loops.
THREADED := $(addprefix unit/,common/test_aside common/test_super common/test_redis_link \
	common/test_fetch_http sigd/table/test_routes_loader mediad/tap/test_tap \
	mediad/tap/test_recorder mediad/sound/test_jukebox)
tsan: ## what has threads, with the thread sanitizer
	$(Q)$(MAKE) B=$(B)/tsan SAN=thread tsan-run
tsan-run: $(THREADED:%=$(B)/tests/%)
	$(Q)TSAN_OPTIONS=halt_on_error=1:exitcode=66 deploy/prove.sh "" $^
memcheck: $(UNIT) ## unit tests under valgrind
	$(Q)for t in $(UNIT); do valgrind -q --leak-check=full --error-exitcode=9 $$t || exit 1; done

check-system: all ## real binaries, real Redis, real SIP endpoints
	$(Q)B=$(B) deploy/node-test.sh tests/system
load: all ## a minute each of 2, 5 and 10 times the calls that can be served, by SIPp
	$(Q)B=$(B) LOAD_S=$(or $(LOAD_S),60) deploy/node-test.sh tests/system/load.test.mjs
check-browser: all ## Chromium and Firefox
	$(Q)B=$(B) deploy/node-test.sh tests/browser
test: ## install what is missing, build, run every ring, print one total
	$(Q)deploy/test.sh
run: ## install what is missing, build, start a whole system to try
	$(Q)deploy/run.sh
deps: ## install what is missing (Debian packages, npm packages by lock file)
	$(Q)deploy/deps.sh
soak: all ## long runs: kill matrix, 10,000 calls, fuzzing, clean Debian roots
	$(Q)deploy/soak.sh

# --- fuzzing: clang, libFuzzer, ASan and UBSan -------------------------------
fuzz: ## build the libFuzzer binaries in $(B)/fuzz
	$(Q)$(MAKE) CC=clang B=$(B)/fuzz SAN=address,undefined,fuzzer-no-link fuzz-bins
fuzz-bins: $(FUZZ:%=$(B)/%)
$(FUZZ:%=$(B)/%): $(B)/%: $(B)/obj/tests/fuzz/%.o $(ALL_LIBS)
	$(call say,LINK,$@)
	$(Q)clang $(LDFLAGS) -fsanitize=address,undefined,fuzzer -o $@ $< $(call group,$(filter %.a,$^)) $(LDLIBS)
T ?=
SECS ?= 60
fuzz-run: fuzz ## fuzz one target: make fuzz-run T=sip_msg SECS=60
	$(Q)mkdir -p $(B)/fuzz/new_$(T) && $(B)/fuzz/fuzz_$(T) -max_total_time=$(SECS) -timeout=5 \
	  $(B)/fuzz/new_$(T) tests/fuzz/corpus/$(T)

bench: ## figures beside their aims, printed, never a gate (T=name for some)
	$(Q)$(MAKE) RELEASE=1 B=$(B)/bench all bench-bins
	$(Q)B=$(B)/bench deploy/bench.sh "$(T)"
bench-bins: $(BENCH)
bench-peers: ## beside Debian's rtpengine-daemon (transcoding) and kamailio (REGISTER)
	$(Q)$(MAKE) RELEASE=1 B=$(B)/bench all peers-bins
	$(Q)B=$(B)/bench deploy/bench-peers.sh
peers-bins: $(PEERS)
bench-media: ## calls of pages and PBXs: packets, delay, memory, set-up; beside rtpengine and kamailio if there
	$(Q)$(MAKE) RELEASE=1 B=$(B)/bench all media-bins
	$(Q)B=$(B)/bench deploy/bench-media.sh "$(T)"
media-bins: $(MEDIA)
bench-quality: ## how speech sounds behind loss, jitter and transcoding, beside rtpengine (T=name for some)
	$(Q)$(MAKE) RELEASE=1 B=$(B)/bench all quality-bins
	$(Q)B=$(B)/bench deploy/bench-quality.sh "$(T)"
quality-bins: $(QUALITY)

# --- reading the code ----------------------------------------------------------
C_FILES := $(foreach d,common routing sigd mediad tests,$(shell find $(d) -name '*.[ch]' -not -path '*/node_modules/*' 2>/dev/null))
format: ## clang-format the tree
	$(Q)clang-format -i $(C_FILES)
format-check: ## fail when a file is not formatted
	$(Q)clang-format --dry-run -Werror $(C_FILES)
tidy: compile_commands.json ## clang-tidy
	$(Q)clang-tidy -quiet -p . $(filter-out tests/%,$(filter %.c,$(C_FILES)))
cppcheck: ## cppcheck: warning, performance, portability
	$(Q)cppcheck -q --enable=warning,performance,portability --std=c11 -I. --inline-suppr \
	  --suppress=missingIncludeSystem --error-exitcode=1 common routing sigd mediad
lint: ## one library one module, headers alone, include arrows, sizes, man pages
	$(Q)CC="$(CC)" CPPFLAGS="$(CPPFLAGS)" deploy/lint.sh
coverage: ## gcov report in build/cov
	$(Q)$(MAKE) B=$(B)/cov OPT='-O0 -g --coverage' LDFLAGS=--coverage check
	$(Q)deploy/coverage.sh $(B)/cov
compile_commands.json: Makefile $(filter %.c,$(C_FILES)) ## for clangd and clang-tidy
	$(Q){ echo '['; sep=; for f in $(filter %.c,$(C_FILES)); do \
	  printf '%s{"directory":"%s","file":"%s","command":"%s"}' "$$sep" "$(CURDIR)" "$$f" \
	  '$(CC) $(subst ",\",$(CPPFLAGS)) $(CFLAGS) -DVERSION=\"dev\" -c '"$$f"; sep=",$$(printf '\nx')"; sep="$${sep%x}"; \
	done; echo ']'; } > $@

MAN   := $(wildcard docs/man/*.8)
MAN1  := $(wildcard docs/man/*.1)
COMPL := $(PREFIX)/share/bash-completion/completions
UNITS := $(wildcard deploy/*.service)
install: ## DESTDIR, PREFIX, SYSCONFDIR, MANDIR, UNITDIR; the pages, too, after `make web`
	$(Q)$(MAKE) RELEASE=1 B=$(B)/release all
	install -D -t $(DESTDIR)$(PREFIX)/bin $(PROGRAMS:$(B)/%=$(B)/release/%)
	$(if $(wildcard $(B)/web/*),install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/cordboard/web $(B)/web/*)
	$(if $(wildcard $(B)/dashboard/*),install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/cordboard/dashboard $(B)/dashboard/*)
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man8 $(MAN)
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man1 $(MAN1)
	install -D -m 644 deploy/cordctl.bash $(DESTDIR)$(COMPL)/cordctl
	install -D -m 644 deploy/cordboard.sysusers $(DESTDIR)$(SYSUSERSDIR)/cordboard.conf
	@install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSCONFDIR)
	$(Q)for u in $(UNITS); do sed 's|/usr/local/bin|$(PREFIX)/bin|; s|/etc/cordboard|$(SYSCONFDIR)|' $$u | \
	  install -m 644 /dev/stdin $(DESTDIR)$(UNITDIR)/$${u##*/}; done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/cordboard conf/routing.schema.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/cordboard/examples conf/examples/*
	@for f in conf/*.*; do to=$(DESTDIR)$(SYSCONFDIR)/$${f#conf/}; \
	  [ -e $$to ] && { cmp -s $$f $$to || echo "$$to is kept, the new one is $$to.new"; to=$$to.new; }; \
	  cmp -s $$f $${to%.new} || install -m 644 $$f $$to; done
uninstall: ## remove what install put there (configuration stays)
	rm -rf $(DESTDIR)$(PREFIX)/share/cordboard $(DESTDIR)$(PREFIX)/lib/cordboard
	rm -f $(foreach p,$(notdir $(PROGRAMS)),$(DESTDIR)$(PREFIX)/bin/$(p)) \
	  $(foreach m,$(notdir $(MAN)),$(DESTDIR)$(MANDIR)/man8/$(m)) \
	  $(foreach m,$(notdir $(MAN1)),$(DESTDIR)$(MANDIR)/man1/$(m)) $(DESTDIR)$(COMPL)/cordctl \
	  $(foreach u,$(notdir $(UNITS)),$(DESTDIR)$(UNITDIR)/$(u)) $(DESTDIR)$(SYSUSERSDIR)/cordboard.conf
dist: ## a source archive
	git archive --prefix=cordboard-$(VERSION)/ -o cordboard-$(VERSION).tar.gz HEAD
clean: ## remove $(B)
	rm -rf $(B) compile_commands.json
help: ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

-include $(wildcard $(B)/module/*.d)
.PHONY: all web g729 install-g729 check flow-bins asan tsan tsan-run memcheck check-system load check-browser test run deps soak fuzz \
	fuzz-bins fuzz-run bench bench-bins bench-peers peers-bins bench-media media-bins bench-quality quality-bins format \
	format-check tidy cppcheck lint coverage \
	install uninstall dist clean help always flags
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
