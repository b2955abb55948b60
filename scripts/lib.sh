# Shared by the scripts beside it: read with `. scripts/lib.sh`, at the root of the checkout.

# Print a line on stderr and end.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Print the comment at the top of a script, without its marks: its --help.
print_help() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# Whether this checkout's rig runs under Docker Compose now.
compose_runs() {
    command -v docker >/dev/null 2>&1 &&
        [ -n "$(docker compose ps --quiet --status running webserver 2>/dev/null)" ]
}

# Run a Python program that needs nothing installed.
run_python() {
    if [ -x .venv/bin/python ]; then
        .venv/bin/python "$@"
    elif command -v python3 >/dev/null 2>&1; then
        python3 "$@"
    else
        fail "Python is needed for this, and there is none; scripts/venv makes one with uv"
    fi
}
