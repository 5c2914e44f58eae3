package signaling

import (
	"maps"
	"net/http"
)

// A family is a group of routes that share their security headers.
type family uint8

// The families. The zero value is the strictest.
const (
	familyAPI family = iota
	familyScript
	familyConsole
	familyStage
	familyDemo
)

// policies are the content security policies (CSP Level 3). Every other fence of a page stands behind its policy:
//
//   - familyConsole: frame-src 'self' is what stops a clicked link from navigating the stage.
//   - familyStage: the empty document of the replica; it loads nothing that does not come through the console, and
//     frame-src 'self' lets documents within a page have the same empty document, with the same policy.
//   - familyDemo: an ordinary shop with a strict policy, which the SDK must live with.
var policies = map[family]string{
	familyAPI:    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	familyScript: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	familyConsole: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
		"frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'",
	familyStage: "default-src 'none'; img-src blob: data:; style-src 'unsafe-inline'; font-src blob:; frame-src 'self'; form-action 'none'; " +
		"base-uri 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
	familyDemo: "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}

// permissions switches off what no page of this server needs (Permissions Policy).
const permissions = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), " +
	"fullscreen=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), " +
	"microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), " +
	"serial=(), storage-access=(), usb=(), xr-spatial-tracking=()"

// headers are the headers of each family, ready to be copied into an answer. https says whether browsers reach the
// server by TLS: only then HSTS means anything (RFC 6797 section 7.2).
func headers(https bool) map[family]http.Header {
	common := http.Header{
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {permissions},
		"Cache-Control":                {"no-store"},
	}
	if https {
		common["Strict-Transport-Security"] = []string{"max-age=63072000; includeSubDomains"}
	}
	all := map[family]http.Header{}
	for f, policy := range policies {
		h := maps.Clone(common)
		h["Content-Security-Policy"] = []string{policy}
		switch f {
		case familyScript: // owners load it from their own pages, with subresource integrity
			h["Cross-Origin-Resource-Policy"] = []string{"cross-origin"}
			h["Access-Control-Allow-Origin"] = []string{"*"}
		case familyConsole, familyStage:
			// COEP would block nothing here, and the pair of it and COOP isolates the console's process.
			h["Cross-Origin-Embedder-Policy"] = []string{"require-corp"}
		}
		if f != familyAPI {
			h["Cache-Control"] = []string{"no-cache"} // kept, but asked for by ETag every time
		}
		all[f] = h
	}
	return all
}
