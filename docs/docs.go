// Package docs carries the documentation inside the binary, so that a server explains the very release it runs.
package docs

import "embed"

//go:embed *.md *.yaml
var files embed.FS

// Files is the documentation: Markdown, the API's description and the example configuration.
func Files() embed.FS { return files }
