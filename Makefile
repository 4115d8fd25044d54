# gad: one Makefile, no configure.
#   make              the program, build/gad, and the library, build/libgad.a and build/libgad.so
#   make demo         the whole job on the embedded data; leaves build/demo/report.html
#   make check        all tests, at every CPU level of this machine
#   make install      program, library, gad.h, man page, completions; PREFIX=/usr/local, LIBDIR=,
#                     DESTDIR=
#   make bench        what it costs: JSON lines
#   make bench-peers  beside PyTorch and ONNX Runtime; ARGS='--arch vgg16' and more: bench/compare.py
#   make parity       how far from PyTorch, Captum and Pillow; ARGS='outputs': tests/peers/parity.py
#   make fuzz         file readers under libFuzzer (clang), FUZZ_TIME=10 seconds each; FUZZ_SAN=memory
#   make fuzz-afl     the same under AFL++ (afl-clang-fast)
#   make layers       does each directory use only what stands below it? By nm
#   make headers      does every header compile alone, and gad.h in other languages?
#   make abi          is the library's interface that of tests/abi.txt? abi-update writes it anew
#   make format       clang-format over all sources; format-check only tells
#   make clean        removes build/
# Variables go with any of them: CC=clang, CFLAGS='-O0 -g', OMP=0 (without OpenMP; the default is to
# use it where the compiler has it), SAN=address,undefined, V=1 (show the commands).

CC      ?= cc
NM      ?= nm
PYTHON  ?= python3
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
# gad.h is where the version stands.
version_of = $(shell sed -n 's/^.define GAD_VERSION_$(1)  *//p' gad/gad.h)
MAJOR   := $(call version_of,MAJOR)
VERSION := $(MAJOR).$(call version_of,MINOR).$(call version_of,PATCH)

# 1 if $(CC) compiles and links with these flags, else 0.
PROBE = $(shell echo 'int main(void){return 0;}' | $(CC) $(1) -x c - -o /dev/null 2>/dev/null && echo 1 || echo 0)
OMP  ?= $(call PROBE,-fopenmp -include omp.h)
SAN  ?=
FUZZ ?= 0

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
BASE := -std=c17 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fvisibility=hidden -pthread \
        -I. -DGAD_VERSION='"$(VERSION)"'
ifeq ($(OMP),1)
OMP_FLAG := -fopenmp
BASE += $(OMP_FLAG)
else
BASE += -Wno-unknown-pragmas
endif
ifneq ($(SAN),)
BASE += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ifeq ($(FUZZ),1)
BASE += -fsanitize=fuzzer-no-link
endif
ALL_CFLAGS = $(BASE) $(WARN) $(CFLAGS)
LIBS := -lm

# The suffix of a kernel file picks its flags; on other processors the file compiles to nothing.
# (Nobody reads the errno of sqrtf, and for its sake a loop would take one number at a time.)
OPT_KERNELS := -O3 -fno-math-errno
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
ISA_AVX2   := -mavx2 -mfma
ISA_AVX512 := -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma
ISA_AMX    := $(ISA_AVX512) -mamx-tile -mamx-bf16
endif

# Objects of different compilers and flags live side by side.
BUILD := build/$(shell echo '$(CC) $(ALL_CFLAGS) $(OPT_KERNELS) $(ISA_AVX2) $(ISA_AVX512) $(ISA_AMX)' | cksum | cut -d' ' -f1)

LIB_SRC   := $(wildcard engine/*.c engine/kernels/*.c data/*.c attrib/*.c metrics/*.c gad/*.c)
CLI_SRC   := $(wildcard gad/cli/*.c)
TEST_SRC  := $(wildcard tests/test_*.c)
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard bench/bench_*.c)
PEER_SRC  := $(wildcard tests/peers/*.c)
LIB_H     := $(filter-out %_body.h,$(wildcard engine/*.h engine/kernels/*.h data/*.h attrib/*.h metrics/*.h gad/*.h))
HEADERS   := $(LIB_H) $(wildcard gad/cli/*.h tests/*.h tests/fuzz/*.h bench/*.h)
SOURCES   := $(LIB_SRC) $(CLI_SRC) $(TEST_SRC) $(FUZZ_SRC) $(BENCH_SRC) $(PEER_SRC) \
             $(HEADERS) \
             $(wildcard engine/kernels/*_body.h tests/alloc_fail.c tests/fuzz/replay.c bench/ceiling.c \
                         docs/*.c)
# What users of the library include: this header and no other.
PUBLIC_H  := gad/gad.h

LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
PIC_OBJ := $(LIB_SRC:%.c=$(BUILD)/pic/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
TESTS   := $(TEST_SRC:%.c=$(BUILD)/%)
FUZZERS := $(FUZZ_SRC:%.c=$(BUILD)/%)
BENCHES := $(BENCH_SRC:%.c=$(BUILD)/%)
PEERS   := $(PEER_SRC:tests/%.c=build/%)

all: build/gad build/libgad.a build/libgad.so

$(BUILD)/%_avx2.o: ISA := $(ISA_AVX2)
$(BUILD)/%_avx512.o: ISA := $(ISA_AVX512)
$(BUILD)/%_amx.o: ISA := $(ISA_AMX)
$(BUILD)/engine/kernels/%.o $(BUILD)/pic/engine/kernels/%.o: OPT := $(OPT_KERNELS)

# $(call RUN,NAME) begins a command that shows as its name and its target.
RUN  = @mkdir -p $(@D)$(if $(V),, && echo '  $(1) $@') && $(if $(V),set -x; )
LINK = $(call RUN,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LIBS)

$(BUILD)/%.o: %.c
	$(call RUN,CC  )$(CC) $(ALL_CFLAGS) $(OPT) $(ISA) -MMD -MP -c $< -o $@
$(BUILD)/pic/%.o: %.c
	$(call RUN,CC  )$(CC) $(ALL_CFLAGS) -fPIC $(OPT) $(ISA) -MMD -MP -c $< -o $@

$(BUILD)/libgad.a: $(LIB_OBJ)
	$(call RUN,AR  )rm -f $@ && $(AR) rcs $@ $^

# Everything that it needs is among what it is linked with. (Of the sanitizers, the program brings
# the functions.)
$(BUILD)/libgad.so: override LDFLAGS += -shared -Wl,-soname,libgad.so.$(MAJOR) $(if $(SAN),,-Wl,-z,defs)
$(BUILD)/libgad.so: $(PIC_OBJ)
	$(LINK)

$(BUILD)/bin/gad: $(CLI_OBJ) $(BUILD)/libgad.a
	$(LINK)
$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(BUILD)/libgad.a
	$(LINK)
# Every call of the allocator in these tests goes by way of tests/alloc_fail.c.
WRAPPED := $(BUILD)/tests/test_alloc $(BUILD)/tests/test_budget
$(WRAPPED): $(BUILD)/tests/alloc_fail.o
$(WRAPPED): override LDFLAGS += \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=strdup,--wrap=strndup
$(BUILD)/bench/bench_%: $(BUILD)/bench/bench_%.o $(BUILD)/bench/ceiling.o $(BUILD)/libgad.a
	$(LINK)

$(BUILD)/tests/peers/%: $(BUILD)/tests/peers/%.o $(BUILD)/libgad.a
	$(LINK)

# A fuzz target without libFuzzer is a test: it replays its corpus.
ifeq ($(FUZZ),1)
$(BUILD)/tests/fuzz/fuzz_%: override LDFLAGS += -fsanitize=fuzzer
else
$(FUZZERS): $(BUILD)/tests/fuzz/replay.o
endif
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libgad.a
	$(LINK)

# build/gad is always the one built last.
COPY = @cmp -s $< $@ || { cp $< $@.$$$$ && mv $@.$$$$ $@; }
build/gad: $(BUILD)/bin/gad FORCE
	$(COPY)
build/libgad.a: $(BUILD)/libgad.a FORCE
	$(COPY)
build/libgad.so: $(BUILD)/libgad.so FORCE
	$(COPY)
	@ln -sf libgad.so build/libgad.so.$(MAJOR)
build/peers/%: $(BUILD)/tests/peers/% FORCE
	@mkdir -p $(@D)
	$(COPY)

# Threads that wait for each other in small nets must not spin where others need the processor.
demo: build/gad
	OMP_WAIT_POLICY=passive build/gad demo -o build/demo

check: $(BUILD)/bin/gad $(TESTS) $(FUZZERS)
	@GAD=$(BUILD)/bin/gad sh tests/run.sh $(TESTS) $(FUZZERS)

bench: $(BENCHES) build/gad
	@sh bench/run.sh $(BUILD)/bench
bench-peers: build/gad
	@$(PYTHON) bench/compare.py $(ARGS)

peers: $(PEERS)
parity: build/gad peers
	@$(PYTHON) tests/peers/parity.py $(ARGS)

FUZZ_CC   ?= clang
FUZZ_TIME ?= 10
FUZZ_SAN  ?= address,undefined
fuzz:
	@$(MAKE) --no-print-directory CC=$(FUZZ_CC) OMP=0 SAN=$(FUZZ_SAN) FUZZ=1 fuzz-run-libfuzzer
# afl-clang-fast takes libFuzzer's flags, and links a driver of its own.
fuzz-afl:
	@$(MAKE) --no-print-directory CC=afl-clang-fast OMP=0 SAN=$(FUZZ_SAN) FUZZ=1 fuzz-run-afl
fuzz-run-libfuzzer fuzz-run-afl: fuzz-run-%: $(FUZZERS)
	@sh tests/fuzz/run.sh $* $(FUZZ_TIME) $(FUZZERS)

layers: $(LIB_OBJ) $(CLI_OBJ)
	@NM='$(NM)' sh tests/layers.sh $(BUILD) $(LIB_OBJ) $(CLI_OBJ)

abi abi-update: $(BUILD)/libgad.so
	@CC='$(CC)' NM='$(NM)' sh tests/abi.sh $< $(@:abi-%=%)

# One target a header: c-FILE, and for the public ones c++-FILE, in the oldest standards there are.
headers: $(HEADERS:%=c-%) $(PUBLIC_H:%=c99-%) $(if $(shell command -v $(CXX)),$(PUBLIC_H:%=c++-%),no-c++)
	@echo "$(words $(HEADERS)) headers compile alone"
$(HEADERS:%=c-%): c-%:
	@$(CC) $(ALL_CFLAGS) -Werror -fsyntax-only -x c -include $* /dev/null
$(PUBLIC_H:%=c99-%): c99-%:
	@$(CC) -std=c99 -pedantic $(WARN) -Werror -fsyntax-only -x c -include $* /dev/null
$(PUBLIC_H:%=c++-%): c++-%:
	@$(CXX) -std=c++98 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c++ -include $* /dev/null
no-c++:
	@echo "no $(CXX): gad.h is not tried in C++"

CLANG_FORMAT ?= clang-format
format-tool:
	@command -v $(CLANG_FORMAT) >/dev/null || \
	    { echo "no $(CLANG_FORMAT): install clang-format 14, or give CLANG_FORMAT=..."; exit 1; } >&2
format: format-tool
	@$(CLANG_FORMAT) -i $(SOURCES)
format-check: format-tool
	@said=$$($(CLANG_FORMAT) --dry-run -Werror $(SOURCES) 2>&1) || { echo "$$said" | \
	    sed -n 's/\(.*\.[ch]\):[0-9].* error: .*/\1: make format puts it right/p' | uniq >&2; exit 1; }

# The program prints what shells complete it by: one for another machine cannot, so give a
# NATIVE_GAD of this version.
TO     := $(DESTDIR)$(PREFIX)
TO_LIB := $(DESTDIR)$(LIBDIR)
NATIVE_GAD  ?= $(BUILD)/bin/gad
BASH_FOLDER := $(TO)/share/bash-completion/completions
ZSH_FOLDER  := $(TO)/share/zsh/site-functions
FISH_FOLDER := $(TO)/share/fish/vendor_completions.d
install: $(BUILD)/bin/gad $(BUILD)/libgad.a $(BUILD)/libgad.so
	install -d '$(TO)/bin' '$(TO)/include' '$(TO_LIB)/pkgconfig' '$(TO)/share/man/man1' \
	    '$(BASH_FOLDER)' '$(ZSH_FOLDER)' '$(FISH_FOLDER)'
	install -m 755 $(BUILD)/bin/gad '$(TO)/bin/gad'
	install -m 644 $(PUBLIC_H) '$(TO)/include'
	install -m 644 $(BUILD)/libgad.a '$(TO_LIB)/libgad.a'
	install -m 755 $(BUILD)/libgad.so '$(TO_LIB)/libgad.so.$(VERSION)'
	ln -sf libgad.so.$(VERSION) '$(TO_LIB)/libgad.so.$(MAJOR)'
	ln -sf libgad.so.$(MAJOR) '$(TO_LIB)/libgad.so'
	install -m 644 docs/gad.1 '$(TO)/share/man/man1/gad.1'
	$(NATIVE_GAD) completion bash >'$(BASH_FOLDER)/gad'
	$(NATIVE_GAD) completion zsh >'$(ZSH_FOLDER)/_gad'
	$(NATIVE_GAD) completion fish >'$(FISH_FOLDER)/gad.fish'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@OPENMP@|$(OMP_FLAG)|' \
	    gad.pc.in >'$(TO_LIB)/pkgconfig/gad.pc'

clean:
	rm -rf build

.PHONY: all demo check bench bench-peers peers parity fuzz fuzz-afl fuzz-run-libfuzzer fuzz-run-afl \
        layers abi abi-update headers no-c++ format format-check format-tool install clean FORCE \
        $(HEADERS:%=c-%) $(PUBLIC_H:%=c99-%) $(PUBLIC_H:%=c++-%)
.SECONDARY:
.DELETE_ON_ERROR:

-include $(LIB_OBJ:.o=.d) $(PIC_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TESTS:=.d) $(FUZZERS:=.d) $(BENCHES:=.d) \
         $(PEER_SRC:%.c=$(BUILD)/%.d) $(BUILD)/tests/alloc_fail.d $(BUILD)/tests/fuzz/replay.d $(BUILD)/bench/ceiling.d
