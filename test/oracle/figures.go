package oracle

// Figures are what came of the pages.
type Figures struct {
	Pages     int            `json:"pages"`
	Nodes     int            `json:"nodes"`
	Fixed     int            `json:"fixed"`     // pages of which bluemonday changes no byte
	Same      int            `json:"same"`      // pages that a parser reads as the tree that was written
	Malformed int            `json:"malformed"` // pages whose own tree cannot be written as HTML
	Defects   map[string]int `json:"defects"`   // pages on which each seeded defect was seen
}
