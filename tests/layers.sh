#!/bin/sh
# The layers, checked where they cannot lie: in the sources' #include lines and in the symbols of the
# object files.
#
#             gad/cli   cli_         the program
#              gad      gad_         uses all below
#     data    attrib    metrics      dat_, attr_, met_: know engine, and not each other
#             engine    eng_         knows nobody
#
# Besides: a library never prints or exits and has no state outside of its callers' structs. And a
# kernel file exports its kernels alone: anything else in it, a function shared with other files,
# say, was compiled for instructions that the machine may not have, and the linker might take just
# that copy for everybody.
#
# usage: layers.sh BUILD OBJECT...      (NM=nm)
set -u
export LC_ALL=C
build=$1
shift

symbols=$(${NM:-nm} -A -P "$@") || exit 1
symbol_faults=$(printf '%s\n' "$symbols" | awk -v build="$build/" '
    BEGIN {
        own["engine"] = own["engine/kernels"] = "eng"
        own["data"] = "dat"; own["attrib"] = "attr"; own["metrics"] = "met"
        own["gad"] = "gad"; own["gad/cli"] = "cli"
        sees["engine"] = sees["engine/kernels"] = ""
        sees["data"] = sees["attrib"] = sees["metrics"] = " eng "
        sees["gad"] = " eng dat attr met "
        sees["gad/cli"] = " eng dat attr met gad "
        n = split("printf vprintf puts putchar perror stdout stderr __printf_chk __vprintf_chk " \
                  "exit _exit quick_exit abort", list, " ")
        for (i = 1; i <= n; i++)
            talks[list[i]] = 1
    }
    {
        object = $1
        sub(/:$/, "", object)
        object = substr(object, length(build) + 1)
        dir = file = object
        sub(/\/[^\/]*$/, "", dir)
        sub(/.*\//, "", file)
        sub(/\.o$/, "", file)
        name = $2
        type = $3
        prefix = name ~ /^(eng|dat|attr|met|gad|cli)_/ ? substr(name, 1, index(name, "_") - 1) : ""
    }
    !(dir in own) {
        print object ": not in a directory that has a prefix"
        next
    }
    name ~ /^__/ { next } # of the compiler, such as the sanitizers'\'' tables
    type == "U" {
        if (prefix != "" && prefix != own[dir] && !index(sees[dir], " " prefix " "))
            print object ": uses " name ", which " dir " may not know"
        if (dir != "gad/cli" && name in talks)
            print object ": uses " name "; libraries return errors"
        if (dir == "engine/kernels" && file !~ /_list$/ && prefix != "")
            print object ": uses " name "; kernels stand alone"
        next
    }
    type ~ /[bBC]/ && dir != "gad/cli" {
        print object ": " name " is state outside of the callers'\'' structs"
    }
    type ~ /[A-Z]/ {
        if (prefix != own[dir] && !(object == "gad/cli/main.o" && name == "main"))
            print object ": exports " name " without the prefix " own[dir] "_"
        if (dir == "engine/kernels" && file !~ /_list$/) {
            op = level = file
            sub(/_[^_]*$/, "", op)
            sub(/.*_/, "", level)
            if (type ~ /[WVu]/ || name !~ "^eng_" op "(_[a-z0-9_]+)?_" level "$")
                print object ": exports " name ", which is not its kernel"
        }
    }')

sources=$(for object; do
    object=${object#"$build"/}
    echo "${object%.o}.c"
done)
include_faults=$(for dir in engine data attrib metrics gad; do
    case $dir in
    engine) allowed='engine' ;;
    gad) allowed='engine|data|attrib|metrics|gad' ;;
    *) allowed="engine|$dir" ;;
    esac
    grep -H '^ *# *include "' $(printf '%s\n' "$sources" | grep "^$dir/" | grep -v '^gad/cli/') \
        "$dir"/*.h | grep -Ev "include \"($allowed)/" | sed "s|\$|  ($dir may not)|"
    [ "$dir" = gad ] && grep -Hn '"gad/cli/' gad/*.c gad/*.h
done)

# Every object and every source is one thing that passes or fails.
faults=$(printf '%s\n%s\n' "$symbol_faults" "$include_faults" | sed '/^$/d')
[ -z "$faults" ] || printf '%s\n' "$faults"
failed=$(printf '%s\n' "$faults" | sed -e '/^$/d' -e 's/:.*//' -e 's|\.[och]$||' | sort -u | wc -l)
echo "$(($# - failed)) passed, $((failed + 0)) failed"
[ "$failed" -eq 0 ]
