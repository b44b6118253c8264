# Runs the steps of a script and says at its end how long each took. Read by stack/test.sh and stack/deploy-check.sh.
# shellcheck shell=bash

summary='' running='' began=0
step() {
    running=$* began=$SECONDS
    printf '\n== %s (%d s)\n' "$running" "$SECONDS"
    "$@"
    finish ''
}
finish() {
    summary+=$(printf '%6d s  %s' $((SECONDS - began)) "$running$1")$'\n'
    running=''
}
end() {
    local code=$?
    [ -z "$running" ] || finish ': FAILED'
    printf '\n%s' "$summary"
    [ $code != 0 ] || printf 'all is well (%d s)\n' "$SECONDS"
}
trap end EXIT
