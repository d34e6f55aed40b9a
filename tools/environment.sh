#!/bin/sh
# Builds .venv from the locked, hashed requirements: tools/environment.sh runtime|spark|development|peers|mutmut|focus-validator|blob-storage|identity-provider
# For development also an environment of its own for each program that the tests run on the API from outside: a published
# client, unmodified, which insists on versions that rebill does not share, and the one that tries the API by its document.
set -eu
cd "$(dirname "$0")/.."
kind=$1
folder=.venv

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

# Servers that tests run against, from npm, by locks with hashes: Azurite for storage addresses, and an identity provider.
if [ "$kind" = blob-storage ] || [ "$kind" = identity-provider ]; then
    target=$folder/$kind
    if ! command -v npm >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        printf 'Installing node and npm, which run servers that are tested against\n' >&2
        { apt-get update -q && apt-get install -y -q --no-install-recommends nodejs npm; } >&2 || true
    fi
    command -v npm >/dev/null 2>&1 ||
        fail "npm, with node 20 or newer, is needed to test. Install both (Debian, Ubuntu: apt-get install npm) and repeat."
    printf 'Installing the locked %s of the tests into %s\n' "$kind" "$target"
    mkdir -p "$target"
    cp "requirements/$kind/package.json" "requirements/$kind/package-lock.json" "$target/"
    (cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
        fail "The $kind of the tests could not be installed: npm says why above. It needs a registry that holds it."
    exit
fi

recent_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if recent_enough "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    found=$(${PYTHON:-python3} --version 2>&1 | head -n 1)
    fail "rebill needs Python 3.11 or newer. Found: ${PYTHON:-python3}, ${found:-which is missing}.
Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name one: make demo PYTHON=/path/to/python3.12"
}

install_venv_module() {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        printf 'This Python cannot build environments yet: installing python%s-venv\n' "$version" >&2
        { apt-get install -y -q "python$version-venv" || { apt-get update -q && apt-get install -y -q "python$version-venv"; }; } >&2 ||
            apt-get install -y -q python3-venv >&2 || true
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "This Python has no venv or ensurepip module. Install it (Debian, Ubuntu: apt-get install python$version-venv) and repeat."
}

if ! { [ -x $folder/bin/python ] && recent_enough $folder/bin/python && $folder/bin/python -m pip --version; } >/dev/null 2>&1; then
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null || install_venv_module
    rm -rf $folder
    "$python" -m venv $folder
fi
install_locked() {
    printf 'Installing the locked %s requirements into %s\n' "$2" "$1"
    $folder/bin/python -m pip --python "$1/bin/python" install --quiet --disable-pip-version-check --require-hashes \
        ${3:-} -r "requirements/$2.txt" ||
        fail "The locked requirements could not be installed: pip says why above. It needs a package index that holds them."
}

install_apart() {
    for apart in "$@"; do
        [ -x "$folder/$apart/bin/python" ] || $folder/bin/python -m venv --without-pip "$folder/$apart"
        install_locked "$folder/$apart" "$apart"
    done
}

# What rebill is measured against; an environment each.
if [ "$kind" = peers ]; then
    install_apart pandas-peer polars-peer cloudkitty-peer
    exit
fi
# What makes mutants of rating; it runs nothing of rebill.
if [ "$kind" = mutmut ]; then
    install_apart mutmut
    exit
fi
# The published FOCUS validator, for Python 3.12 alone; without one the tests read the same published rules themselves.
if [ "$kind" = focus-validator ]; then
    for candidate in python3.12 python3 $folder/bin/python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python; do
        if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; then
            [ -x "$folder/$kind/bin/python" ] || "$candidate" -m venv --without-pip "$folder/$kind"
            install_locked "$folder/$kind" "$kind"
            exit
        fi
    done
    printf 'No Python 3.12 here: the rules of FOCUS are asked by the tests, not by the published validator\n'
    exit
fi
install_locked $folder "$kind"
$folder/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
if [ "$kind" = development ]; then
    # Spark is published as source only: what builds it is locked, too, and installed by now.
    install_locked $folder spark --no-build-isolation
    install_apart published-client api-trial
fi
