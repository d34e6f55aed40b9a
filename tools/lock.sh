#!/bin/sh
# Compiles the locked requirements, for every platform and every Python from 3.11 on, with hashes and naming no index.
set -eu
cd "$(dirname "$0")/.."
compiler=build/lock
[ -x $compiler/bin/uv ] || { .venv/bin/python -m venv $compiler && $compiler/bin/pip install --quiet uv; }
compile() { compile_for 3.11 "$@"; }
compile_for() {
    oldest=$1
    shift
    $compiler/bin/uv pip compile --universal --python-version "$oldest" --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet "$@"
}
compile pyproject.toml --extra development --output-file requirements/development.txt
# The runtime lock is held to the versions of the development lock, so that what is tested is what runs.
# setuptools stands in it because the project itself is installed without build isolation.
printf 'setuptools>=77\n' > $compiler/build-requirements.in
compile pyproject.toml $compiler/build-requirements.in \
    --constraint requirements/development.txt --output-file requirements/runtime.txt
# The same with Spark, which weighs more than all the rest: only who uses it installs it, and who tests.
compile pyproject.toml $compiler/build-requirements.in --extra spark \
    --constraint requirements/development.txt --output-file requirements/spark.txt
# A published client of the API, which the tests run in an environment of its own: it insists on an old requests.
printf 'cloudhealth-client==0.5.0\n' > $compiler/published-client.in
compile $compiler/published-client.in --output-file requirements/published-client.txt
# What tries the API against its document, in an environment of its own too: it brings a test runner's worth of packages.
printf 'schemathesis>=4.32\n' > $compiler/api-trial.in
compile $compiler/api-trial.in --output-file requirements/api-trial.txt
# What makes mutants of rating's Python, in an environment of its own.
printf 'mutmut>=3.8\n' > $compiler/mutmut.in
compile $compiler/mutmut.in --output-file requirements/mutmut.txt
# The published FOCUS validator: it runs on Python 3.12 alone, and its polars does not get on with newer versions of pyarrow.
printf 'focus-validator>=2.2.1\npyarrow<22\n' > $compiler/focus-validator.in
compile_for 3.12 $compiler/focus-validator.in --output-file requirements/focus-validator.txt
# The servers of node that tests run against, and what they need: hashes, and no address of a registry.
for kind in blob-storage identity-provider; do
    (cd requirements/$kind && npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved \
        --no-audit --no-fund --loglevel=error)
done
# What `make bench-peers` measures rebill against, each in an environment of its own.
compile_peer() {
    name=$1
    shift
    printf '%s\n' "$@" > "$compiler/$name-peer.in"
    compile "$compiler/$name-peer.in" --output-file "requirements/$name-peer.txt"
}
compile_peer pandas 'pandas>=3' 'pyarrow>=20'
compile_peer polars 'polars>=2'
compile_peer cloudkitty 'cloudkitty>=25' 'pyarrow>=20'
