#!/bin/sh
# make install, tried by the users it is for: somebody who builds a C or C++ program against the
# library, shared or static, or calls it from Python, having nothing but what was installed; and
# somebody who types man gad.
#
# usage: install.sh      (CC=cc CXX=c++ MAKE=make NM=nm; run at the root of the checkout)
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

: "${CC:=cc}" "${CXX:=c++}" "${MAKE:=make}" "${NM:=nm}"
root=$tmp/root
check "make install with DESTDIR" "$MAKE" CC="$CC" DESTDIR="$root" PREFIX=/opt/gad install
prefix=$root/opt/gad
check "nothing is installed elsewhere" sh -c '[ "$(ls "$1"; ls "$1"/opt)" = "opt
gad" ]' sh "$root"
check "the program runs" "$prefix/bin/gad" --version
check "one header is installed, as it stands" \
    sh -c '[ "$(cd "$1" && find . -type f)" = ./gad.h ] && cmp "$1/gad.h" gad/gad.h' sh \
    "$prefix/include"

# The libraries themselves.
lib=$prefix/lib
version=$("$prefix/bin/gad" --version | sed 's/gad //')
soname=libgad.so.${version%%.*}
check "the libraries are there" sh -c '[ "$(ls "$1" | tr "\n" " ")" = "$2" ]' sh "$lib" \
    "libgad.a libgad.so $soname libgad.so.$version pkgconfig "
check "libgad.so is $soname is libgad.so.$version" sh -c \
    '[ "$(readlink "$1/libgad.so") $(readlink "$1/$2")" = "$2 libgad.so.$3" ]' sh "$lib" "$soname" \
    "$version"
check "the shared one exports gad_ and nothing else" sh -c \
    '$1 -D --defined-only "$2" | sed "s/.* //" >symbols && [ -s symbols ] && ! grep -v ^gad_ symbols
    status=$?; rm -f symbols; exit $status' sh "$NM" "$lib/libgad.so"
if command -v ldd >/dev/null; then
    ldd "$lib/libgad.so" >"$tmp/needs"
    check "it needs libc, libm and OpenMP's library, and finds them" sh -c \
        '! grep -vE "^[^a-z/]*(linux-(vdso|gate)|lib(c|m|pthread|gomp|omp|dl|rt)\.so|/lib.*/ld-linux)" \
            "$1" && ! grep "not found" "$1"' sh "$tmp/needs"
else
    echo "# no ldd: what the library needs is not told"
fi

# pkg-config's answers, with DESTDIR in front of the prefix.
pc=$lib/pkgconfig/gad.pc
ask()
{
    pkg-config --define-variable=prefix="$prefix" "$@" "$pc"
}
if command -v pkg-config >/dev/null; then
    check "the version is the program's" test "$(ask --modversion)" = "$version"
    check "the prefix is the one asked for" \
        test "$(pkg-config --variable=prefix "$pc")" = /opt/gad
    cflags=$(ask --cflags)
    shared=$(ask --libs)
    static=$(ask --static --libs)
else
    echo "# no pkg-config: flags are taken from gad.pc by sed"
    said()
    {
        sed -n "s|^$1: ||p" "$pc" |
            sed -e "s|\${includedir}|$prefix/include|g" -e "s|\${libdir}|$lib|g"
    }
    cflags=$(said Cflags)
    shared=$(said Libs)
    static="$shared $(said Libs.private)"
fi
static=$(echo "$static" | sed 's/-lgad/-l:libgad.a/')

# Away from the checkout, so that its headers cannot help.
cp docs/example.c docs/example.py "$tmp" && cd "$tmp" || exit 1
cp example.c example.cc
check "a model is trained" "$prefix/bin/gad" train synthetic:cats-dogs,count=40 -o model.safetensors \
    --arch resnet18 --width 0.125 --size 32 --epochs 1 --quiet
check "and a support" "$prefix/bin/gad" support model.safetensors synthetic:cats-dogs,count=40 \
    -o supports --alpha 2 --epochs 1 --quiet
{
    echo "P3 48 40 255"
    awk 'BEGIN { for (i = 0; i < 48 * 40; i++) print i % 251, (7 * i) % 253, (i * i) % 241 }'
} >photo.ppm

# example LIBS NAME COMPILER...: the example builds, and explains.
example()
{
    libs=$1
    name=$2
    shift 2
    check "$name: the example builds" sh -c '"$@"' sh "$@" -Wall -Wextra -Werror $cflags -o example $libs
    check "$name: it explains an image" sh -c './example "$@" >said && cat said &&
        [ "$(wc -l <said)" -eq 3 ] && grep -Eq "^cat -?[0-9]" said &&
        grep -Eq "^saliency, .* of 32 x 32$" said && grep -Eq "^with GAD, .* of 32 x 32$" said' sh \
        model.safetensors photo.ppm cat supports
    mv said "said.$name"
    check "$name: it fails with a sentence" \
        sh -c '! ./example "$@" 2>said && grep -q "no-such-model" said' sh no-such-model photo.ppm cat
    rm -f example
}
export LD_LIBRARY_PATH="$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
tried=
for compiler in "$CC" gcc clang; do
    case " $tried " in *" $compiler "*) continue ;; esac
    command -v "$compiler" >/dev/null || continue
    tried="$tried $compiler"
    example "$shared" "$compiler, shared" "$compiler" -std=c17 example.c
    example "$static" "$compiler, static" "$compiler" -std=c17 example.c
done
if command -v "$CXX" >/dev/null; then
    example "$shared" "$CXX, shared" "$CXX" -std=c++17 example.cc
    example "$static" "$CXX, static" "$CXX" -std=c++17 example.cc
else
    echo "# no $CXX: C++ is not tried"
fi
check "all say the same" sh -c 'for i; do cmp "$1" "$i" || exit 1; done' sh said.*

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
        [ "${COMPREPLY[*]}" = "vgg16 vgg16_bn resnet18" ]' bash "$prefix"
else
    echo "# no bash: completion is not tried"
fi

python=
for candidate in python3 /usr/bin/python3; do
    [ "$python" ] || ! "$candidate" -c 'import numpy' 2>/dev/null || python=$candidate
done
if [ "$python" ]; then
    check "Python explains an image" sh -c '"$@" >said && grep -Eq "^cat .*%, ig in heat.png$" said' sh \
        "$python" example.py model.safetensors photo.ppm --class cat --method ig --support supports
    check "its picture is one" "$prefix/bin/gad" predict model.safetensors heat.png
    check "Python fails with a sentence" \
        sh -c '! "$@" 2>said && grep -q "no class .cow." said' sh \
        "$python" example.py model.safetensors photo.ppm --class cow
else
    echo "# no python3 with NumPy: docs/example.py is not tried"
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
