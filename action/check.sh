#!/usr/bin/env bash
# What the GitHub Action runs: annotations, the step's summary, reports, and the exit code of the check.
set +e -uo pipefail

read -r -a files <<<"${LLMFIT_FILES:-deploy.yaml}"
arguments=()
if [[ -n "${LLMFIT_AS_OF:-}" ]]; then
  arguments+=(--as-of "$LLMFIT_AS_OF")
fi

check() {
  llmfit check "${files[@]}" ${arguments[@]+"${arguments[@]}"} "$@"
}

# The first run alone looks at the lock file: a later one would find what this one wrote.
if [[ -n "${LLMFIT_LOCK:-}" ]]; then
  check --output github --lock "$LLMFIT_LOCK"
else
  check --output github
fi
code=$?

check --output markdown >>"${GITHUB_STEP_SUMMARY:-/dev/null}" 2>/dev/null
if [[ -n "${LLMFIT_SARIF:-}" ]]; then
  check --output sarif >"$LLMFIT_SARIF" 2>/dev/null
fi
if [[ -n "${LLMFIT_JUNIT:-}" ]]; then
  check --output junit >"$LLMFIT_JUNIT" 2>/dev/null
fi
echo "exit-code=$code" >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
