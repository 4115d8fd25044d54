#!/bin/sh
# make install, tried by the users it is for: somebody who builds a C or C++ program against the
# library, having nothing but what was installed, and somebody who types man gad.
#
# usage: install.sh      (CC=cc CXX=c++ MAKE=make; run at the root of the checkout)
set -u
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
log=$tmp/log
passed=0
failed=0

# check WHAT COMMAND...
check()
{
    what=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok - $what"
    else
        failed=$((failed + 1))
        echo "not ok - $what"
        sed 's/^/# /' "$log"
    fi
}

: "${CC:=cc}" "${CXX:=c++}" "${MAKE:=make}"
root=$tmp/root
check "make install with DESTDIR" "$MAKE" CC="$CC" DESTDIR="$root" PREFIX=/opt/gad install
prefix=$root/opt/gad
check "nothing is installed elsewhere" sh -c '[ "$(ls "$1"; ls "$1"/opt)" = "opt
gad" ]' sh "$root"
check "the program runs" "$prefix/bin/gad" --version
check "the library is there" test -s "$prefix/lib/libgad.a"
check "no header is installed that says it is not" sh -c '! grep -rl "Not installed\." "$1"' sh \
    "$prefix/include"

# pkg-config's answers, with DESTDIR in front of the prefix.
pc=$prefix/lib/pkgconfig/gad.pc
ask()
{
    pkg-config --define-variable=prefix="$prefix" "$@" "$pc"
}
if command -v pkg-config >/dev/null; then
    check "the version is the program's" \
        test "gad $(ask --modversion)" = "$("$prefix/bin/gad" --version)"
    check "the prefix is the one asked for" \
        test "$(pkg-config --variable=prefix "$pc")" = /opt/gad
    flags="$(ask --cflags) $(ask --libs)"
else
    echo "# no pkg-config: flags are taken from gad.pc by sed"
    flags=$(sed -n -e 's/^Cflags: //p' -e 's/^Libs: //p' "$pc" | tr '\n' ' ' |
        sed -e "s|\${includedir}|$prefix/include|g" -e "s|\${libdir}|$prefix/lib|g")
fi

# Away from the checkout, so that its headers cannot help.
cp docs/example.c "$tmp" && cd "$tmp" || exit 1
check "a C program builds" sh -c '"$@"' sh "$CC" -std=c17 -Wall -Wextra -Werror example.c \
    -o example $flags
check "a model is trained" "$prefix/bin/gad" train synthetic:cats-dogs,count=40 -o model.safetensors \
    --arch resnet18 --width 0.125 --size 32 --epochs 1 --quiet
{
    echo "P3 48 40 255"
    awk 'BEGIN { for (i = 0; i < 48 * 40; i++) print i % 251, (7 * i) % 253, (i * i) % 241 }'
} >photo.ppm
check "the C program explains an image" \
    sh -c './example "$@" && ./example "$@" | grep -Eq "^cat -?[0-9].* of 32 x 32$"' sh \
    model.safetensors photo.ppm cat
check "the C program fails with a sentence" \
    sh -c '! ./example "$@" 2>said && grep -q "no-such-model" said' sh no-such-model photo.ppm cat

# Each header on its own; then all of them in one C++ program that calls the library.
(cd "$prefix/include/gad" && find . -name '*.h' | sed 's|^\./||' | LC_ALL=C sort) >headers
check "headers are installed" test -s headers
while read -r header; do
    check "$header compiles alone" \
        sh -c 'printf "#include \"%s\"\n" "$1" >one.c && shift && "$@" -c one.c -o one.o' sh \
        "$header" "$CC" -std=c17 -Wall -Wextra -Werror $flags
done <headers
if command -v "$CXX" >/dev/null; then
    sed 's/.*/#include "&"/' headers >all.cc
    cat >>all.cc <<'END'
#include <cstdio>
int main()
{
    eng_exec exec;
    eng_why why = {""};
    if (eng_exec_init(&exec, 1, "scalar", &why) != ENG_OK)
        return 1;
    std::printf("%s\n", eng_cpu_name(exec.cpu));
}
END
    check "a C++ program builds" "$CXX" -std=c++17 -Wall -Wextra -Werror all.cc -o all $flags
    check "the C++ program runs" sh -c '[ "$(./all)" = scalar ]'
else
    echo "# no $CXX: C++ is not tried"
fi

# Where the shells look: each file is what the installed program prints, and bash completes by it.
for shell in bash:bash-completion/completions/gad zsh:zsh/site-functions/_gad \
    fish:fish/vendor_completions.d/gad.fish; do
    check "the completion for ${shell%%:*} is there" \
        sh -c '"$1" completion "$2" | cmp - "$3"' sh "$prefix/bin/gad" "${shell%%:*}" \
        "$prefix/share/${shell#*:}"
done
if command -v bash >/dev/null; then
    check "bash completes" bash -c '. "$1/share/bash-completion/completions/gad" &&
        COMP_WORDS=(gad train --arch "") COMP_CWORD=3 && _gad &&
        [ "${COMPREPLY[*]}" = "vgg16 resnet18" ]' bash "$prefix"
else
    echo "# no bash: completion is not tried"
fi

man=$prefix/share/man/man1/gad.1
check "the man page is there" test -s "$man"
if command -v man >/dev/null; then
    check "the man page formats without a warning" \
        sh -c '! LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$1" 2>&1 >/dev/null | grep .' sh "$man"
else
    echo "# no man: the page is not formatted"
fi
# The page and what --help prints know of the same commands and options.
sed -n -e 's/\\-/-/g' -e 's/^\.SS gad \([a-z]*\).*/\1/p' -e '/^\.TP/{n;s/\\-/-/g;p;}' "$man" |
    grep -oE -- '^[a-z]+$|--[a-z][a-z-]*' | sort -u >documented
for name in $("$prefix/bin/gad" --help | sed -n 's/^  gad \([a-z]*\) .*/\1/p'); do
    echo "$name"
    "$prefix/bin/gad" "$name" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
done | sort -u >offered
check "the man page has every command and option, and no other" diff offered documented

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
