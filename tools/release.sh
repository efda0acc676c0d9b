# shellcheck shell=bash
# What is handed out: a site for any static host, and the archives of a release.

# site [--cpu-only]: the page in target/site/, for any static host, under any path.
site() {
  build_engines "$@"
  say "Laying out the site"
  rm -rf "$TARGET/site"
  mkdir -p "$TARGET/site"
  # What has not changed need not be compressed again.
  [[ ! -d dist ]] || cp -a dist/. "$TARGET/site/"
  # Not with the models that only this machine has.
  node tools/build-page.mjs --output "$TARGET/site" --local-models "$TARGET/no-models" "$@"
  # A host that reads it reads it as it is; and GitHub Pages leaves out what begins with _ unless it is told.
  rm -f "$TARGET"/site/_headers.{br,gz}
  touch "$TARGET/site/.nojekyll"
  say "It is in $TARGET/site: put its content on any static host, at the root or under a path"
}

# release [--cpu-only] [--without-command-line]: every archive of a release, with checksums, in target/archives/.
release() {
  local cpu_only=() with_command_line=yes option version folder triple models
  for option in "$@"; do
    case $option in
      --cpu-only) cpu_only=(--cpu-only) ;;
      --without-command-line) with_command_line= ;;
      *) die "release takes --cpu-only and --without-command-line, not $option" ;;
    esac
  done
  site "${cpu_only[@]}"
  package "${cpu_only[@]}"
  version=$(node -p 'require("./package.json").version')
  folder=$TARGET/archives
  rm -rf "$folder"
  mkdir -p "$folder"

  say "Packing version $version"
  pack "$folder/tilelens-$version-site.tar.gz" "$TARGET/site" .
  mapfile -t models < <(cd models && printf '%s\n' LICENSE-torchvision *.md *.json *.svg *.safetensors)
  pack "$folder/tilelens-$version-models.tar.gz" models "${models[@]}"
  (cd target/npm && npm pack --silent --pack-destination "$folder")
  if [[ -n $with_command_line ]]; then
    build_command_line
    triple=$(rustc --version --verbose | sed -n 's/^host: //p')
    rm -rf "$TARGET/command-line"
    install -D -m 755 "$TARGET/release/tilelens" "$TARGET/command-line/tilelens"
    cp LICENSE-MIT LICENSE-APACHE NOTICE "$TARGET/command-line/"
    pack "$folder/tilelens-$version-$triple.tar.gz" "$TARGET/command-line" .
  fi
  node tools/release/sbom.mjs "$folder/tilelens-$version.cdx.json"
  (cd "$folder" && sha256sum -- * >SHA256SUMS)
  say "The archives are in $folder"
}

# serve_release FOLDER PORT: serves the site of a release that was fetched, which takes no compiler.
serve_release() {
  local version archive sum site=$TARGET/release-site
  setup_node
  version=$(node -p 'require("./package.json").version')
  archive=tilelens-$version-site.tar.gz
  [[ -f $1/$archive ]] || die "there is no $archive in $1: fetch the release of this version, $version, or leave --release out"
  sum=$(grep -F -- "  $archive" "$1/SHA256SUMS" 2>/dev/null || true)
  [[ $sum == "$(sha256 "$1/$archive")  $archive" ]] ||
    die "$archive is not the one that SHA256SUMS beside it names: fetch both again"
  say "Unpacking $archive"
  rm -rf "$site"
  mkdir -p "$site"
  tar --extract --gzip --file "$1/$archive" --directory "$site"
  exec node tools/serve.mjs --root "$site" --port "$2"
}

# pack ARCHIVE FOLDER FILE…: the same bytes for the same files, whoever packs them, whenever.
pack() {
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw --mtime='2000-01-01 00:00Z' \
    --directory "$2" -- "${@:3}" | gzip --no-name --best >"$1"
}
