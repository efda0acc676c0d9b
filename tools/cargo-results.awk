# What cargo and wasm-bindgen's test runner print, as lines of outcome, name and reason like tools/test-results.mjs.
# A program of tests that ends without a result, because it was killed, say, is a failure of its own.

function unfinished() {
  if (program != "" && !has_result) print "failed\t" program "\tended without a result"
}

/^ +(Running|Doc-tests) / {
  unfinished()
  program = $2
  if (program == "unittests") program = $3
  has_result = 0
  in_failures = 0
}

# Of the two lists under this heading the second has the names alone.
/^failures:$/ { in_failures = 1; failures = 0; next }
in_failures && /^    [^ ]/ { names[++failures] = $1 }

/^test result:/ {
  for (i = 2; i <= NF; i++) {
    if ($i == "passed;") passed = $(i - 1)
    if ($i == "failed;") failed = $(i - 1)
    if ($i == "ignored;") ignored = $(i - 1)
  }
  for (i = 0; i < passed; i++) print "passed\t" program "\t"
  for (i = 1; i <= failed; i++) print "failed\t" program ": " (i <= failures ? names[i] : "a test") "\t"
  for (i = 0; i < ignored; i++) print "skipped\t" program "\tignored"
  has_result = 1
  in_failures = 0
  failures = 0
}

END { unfinished() }
