# Ends the services when the program that started them is gone. However the program ends, its end of the stdin pipe closes.
# The lines on stdin are "watch <pid>" and "forget <pid>". The arguments are folders to remove at the end.
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
    # The process is stopped first, so that it starts no more children. The children are looked up by their parent, because each child
    # of Postgres is in a group of its own.
    kill -s STOP -- "-$pid"
    children=$(grep -ls "^PPid:[[:space:]]*$pid\$" /proc/[0-9]*/status | cut -d/ -f3)
    kill -s KILL -- "-$pid" $children
    ended="$ended $pid $children"
done
# The script waits until the processes are gone, because the next holder of the lock must find the ports and the files free.
looks=0
for pid in $ended; do
    while [ $looks -lt 2000 ] && grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status"; do looks=$((looks + 1)); done
done
[ $# = 0 ] || rm -rf -- "$@"
