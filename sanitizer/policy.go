package sanitizer

import "vitrine/internal/wire"

// Policy is what an owner can decide about a session. The zero value is the strict default.
type Policy struct {
	MaxNodes      int // of a page; 0 means 200,000, which is also the most
	MaxPageBytes  int // of strings and nodes of a page; 0 means 64 MiB
	MaxAssetBytes int // of all assets of a session; 0 means 64 MiB
	MaxAssets     int // number of assets of a session; 0 means 4,096
	// ShowQuery shows query and fragment of addresses, which often carry names, numbers and keys. Default: hidden.
	ShowQuery bool
	// Detect are the secrets that are looked for in every text and become bullets. Default: none.
	Detect Detect
}

func (p Policy) withDefaults() Policy {
	if p.MaxNodes <= 0 || p.MaxNodes > wire.MaxNodes {
		p.MaxNodes = wire.MaxNodes
	}
	if p.MaxPageBytes <= 0 {
		p.MaxPageBytes = 64 << 20
	}
	if p.MaxAssetBytes <= 0 {
		p.MaxAssetBytes = 64 << 20
	}
	if p.MaxAssets <= 0 {
		p.MaxAssets = 4096
	}
	return p
}
