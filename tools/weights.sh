# shellcheck shell=bash
# Weights of others, turned into model files that the page offers.

IMAGENET_URL=${TILELENS_IMAGENET_URL:-https://download.pytorch.org/models/mobilenet_v3_small-047dcff4.pth}

weights() {
  case ${1:-} in
    imagenet) weights_imagenet "${2:+$(from_caller "$2")}" ;;
    *) die "which weights? use: ./build.sh weights imagenet [PATH]" ;;
  esac
}

weights_imagenet() {
  local checkpoint=$1
  if [[ -z $checkpoint ]]; then
    checkpoint=$CACHE/downloads/${IMAGENET_URL##*/}
    [[ -f $checkpoint ]] || download "$IMAGENET_URL" "$checkpoint"
  fi
  [[ -f $checkpoint ]] || die "there is no file $checkpoint: give the path of ${IMAGENET_URL##*/}"
  verify_name_digest "$checkpoint" || exit 1
  build_command_line
  say "Converting $checkpoint"
  "$TARGET/release/tilelens" import "$checkpoint" \
    --labels models/imagenet_labels.txt --name "ImageNet (torchvision IMAGENET1K_V1)" \
    --resize 256 --crop 224 --dtype f16 \
    --output "${TILELENS_LOCAL_MODELS:-models/local}/imagenet.safetensors"
}

# download URL FILE: the file appears under its name only when it is whole and its digest is right.
download() {
  have curl || apt_install curl ca-certificates
  mkdir -p "$(dirname "$2")"
  say "Fetching $1"
  local folder
  folder=$(mktemp -d "$2.XXXXXX")
  # shellcheck disable=SC2064 # the folder is known now and not later
  trap "rm -rf '$folder'" EXIT
  curl --fail --location --silent --show-error --connect-timeout 20 --retry 2 --output "$folder/${2##*/}" "$1" ||
    die "$1 could not be fetched: download it on another machine, then run ./build.sh weights imagenet PATH"
  verify_name_digest "$folder/${2##*/}" || exit 1
  mv "$folder/${2##*/}" "$2"
}

# torchvision puts the first eight hexadecimal digits of a checkpoint's SHA-256 in its file name.
verify_name_digest() {
  local name=${1##*/} digest
  [[ $name =~ -([0-9a-f]{8})\.[a-z]+$ ]] ||
    die "the name $name carries no digest: keep the original name, such as mobilenet_v3_small-047dcff4.pth"
  digest=$(sha256 "$1")
  [[ $digest == "${BASH_REMATCH[1]}"* ]] ||
    die "$name is damaged or not the original: its SHA-256 begins with ${digest:0:8}, its name says ${BASH_REMATCH[1]}; fetch it again"
}
