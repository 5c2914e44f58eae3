// Package web carries the built browser code inside the binary.
//
// The code is built from the folders beside this file by `make build` (web/build.mjs) into dist,
// which is not committed. The first embed pattern below names a file that only the build writes,
// so a `go build` without it stops with one line that says what to do (patterns are tried in sorted order):
//
//	web/web.go: pattern dist/BUILT_BY_make_build: no matching files found
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist/BUILT_BY_make_build dist/[a-z]*
var dist embed.FS

// Files is the built browser code, read-only:
//
//	sdk/vitrine.js .mjs .d.ts    what the owner's page loads
//	sdk/vitrine-frame.js …       what documents in frames of other origins load
//	sdk/viewer.js .mjs .d.ts     what a console or a CRM loads
//	console/console.html .js .css
//	check/check.html .js .css    the check of a visitor's network
//	stage/stage.html             the empty document of the agent's replica
//	demo/                        the shop of `make run`
//
// Every .js, .mjs and .css file has its source map beside it.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path: cannot happen
	}
	return files
}
