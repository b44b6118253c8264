# Ends the services when the program that started them is gone, however it went: then its end of stdin closes.
# Lines on stdin: "watch <pid>", "forget <pid>". Arguments: folders to remove at the end.
trap '' HUP INT TERM
watched=""
while read -r verb pid; do
    rest=""
    for other in $watched; do [ "$other" = "$pid" ] || rest="$rest $other"; done
    case $verb in
        watch) watched="$rest $pid" ;;
        forget) watched=$rest ;;
    esac
done
ended=""
for pid in $watched; do
    # Stopped first, so that it starts no more children. Postgres' children are each in a group of their own.
    kill -s STOP -- "-$pid"
    children=$(grep -ls "^PPid:[[:space:]]*$pid\$" /proc/[0-9]*/status | cut -d/ -f3)
    kill -s KILL -- "-$pid" $children
    ended="$ended $pid $children"
done
# Whoever takes the lock next must find the ports and the files free.
looks=0
for pid in $ended; do
    while [ $looks -lt 2000 ] && grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status"; do looks=$((looks + 1)); done
done
[ $# = 0 ] || rm -rf -- "$@"
