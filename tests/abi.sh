#!/bin/sh
# What a program that was built against libgad depends on, held to the list in tests/abi.txt: the
# soname and the exported symbols, read from the library; the declarations of gad.h; the values of
# its enumerators, and the sizes and offsets of its structs, as the compiler has them; the names of
# settings and methods, as the library says. Nothing is to be kept by hand but the list itself.
#
# usage: abi.sh LIBGAD.SO [update]      (CC=cc NM=nm; run at the root of the checkout)
set -u
export LC_ALL=C
: "${CC:=cc}" "${NM:=nm}"
library=$1
list=tests/abi.txt
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

version_of()
{
    sed -n "s/^#define GAD_VERSION_$1  *//p" gad/gad.h
}
major=$(version_of MAJOR)
soname=libgad.so.$major

# One declaration a line, without comments, macros and what the header includes.
sed '/^#include/d' gad/gad.h | $CC -std=c17 -E -P -x c - >"$tmp/plain" || exit 1
sed 's/__attribute__((visibility("default"))) *//' "$tmp/plain" | tr -s ' \t\n' ' ' | awk '
    BEGIN { RS = ";" }
    {
        line = line $0 ";"
        if (gsub(/{/, "{", line) == gsub(/}/, "}", line)) {
            sub(/^ */, "", line)
            if (line != ";" && line != " ;")
                print line
            line = ""
        }
    }' | grep -v '^ *;$' >"$tmp/declarations"

# A program that prints what is in the braces of structs and enums.
{
    printf '#include "gad/gad.h"\n#include <stdio.h>\nint main(void)\n{\n'
    awk '
        /^enum [a-z_]+ {/ {
            gsub(/^[^{]*{|}.*/, "")
            n = split($0, part, ",")
            for (i = 1; i <= n; i++) {
                sub(/=.*/, "", part[i])
                gsub(/ /, "", part[i])
                if (part[i] != "")
                    printf "    printf(\"%s = %%d\\n\", (int)%s);\n", part[i], part[i]
            }
        }
        /^struct [a-z_]+ {/ {
            name = $2
            gsub(/^[^{]*{|}.*/, "")
            printf "    printf(\"sizeof(struct %s) = %%zu\\n\", sizeof(struct %s));\n", name, name
            n = split($0, part, ";")
            for (i = 1; i <= n; i++) {
                sub(/\[.*/, "", part[i])
                gsub(/^.*[ *]|[^a-z_0-9]/, "", part[i])
                if (part[i] != "")
                    printf "    printf(\"offsetof(struct %s, %s) = %%zu\\n\", " \
                           "offsetof(struct %s, %s));\n", name, part[i], name, part[i]
            }
        }' "$tmp/declarations"
    for name in settings method; do
        printf '    for (size_t i = 0; gad_%s_name(i); i++)\n' "$name"
        printf '        printf("%s: %%s\\n", gad_%s_name(i));\n' "$name" "$name"
    done
    printf '    return 0;\n}\n'
} >"$tmp/print.c"
cp "$library" "$tmp/$soname"
$CC -std=c17 -Wall -Wextra -Werror -I. "$tmp/print.c" "$tmp/$soname" -o "$tmp/print" || exit 1

{
    echo "# The interface of libgad, for make abi. Written by make abi-update."
    echo
    echo "version $major.$(version_of MINOR)"
    # The library's own word for its name is what the program was told to load.
    echo "soname $(ldd "$tmp/print" | sed -n 's/^[^a-z]*\(libgad[^ ]*\) .*/\1/p')"
    echo
    $NM -D --defined-only "$library" | awk '{ print "symbol", $2, $3 }' | sort
    echo
    grep -v '^enum [a-z_]* {' "$tmp/declarations" # their values follow, a line each
    echo
    LD_LIBRARY_PATH=$tmp "$tmp/print" || exit 1
} >"$tmp/abi.txt" || exit 1

if [ "${2-}" = update ]; then
    cp "$tmp/abi.txt" "$list"
    echo "$list is written; look at what has changed in it"
    exit 0
fi
if diff -u "$list" "$tmp/abi.txt" >"$tmp/diff"; then
    echo "the interface is that of $list: $(grep -c '^symbol' "$list") symbols"
    exit 0
fi
cat "$tmp/diff"
if grep -v '^-version' "$tmp/diff" | grep -q '^-[^-]'; then
    cat <<END

What programs depend on has gone, or is another. Bring it back beside what is new. Only if that
cannot be: raise GAD_VERSION_MAJOR in gad/gad.h, and with it the soname; then make abi-update. (The
name of a parameter alone breaks nothing.)
END
else
    cat <<END

This is an addition. Raise GAD_VERSION_MINOR in gad/gad.h, if it was not since the last release;
then make abi-update.
END
fi
exit 1
