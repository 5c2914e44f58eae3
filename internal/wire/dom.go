package wire

// The token stream of Batch.Ops.
//
// A batch describes the final state, not the history: first everything that left its place is taken out, then whole
// subtrees are put in, then nodes that were there before get new attributes, text and state. The tokens come in this
// order and in no other:
//
//	ops    = [Page] [View] [Media] *Detach *Insert *(Set | Unset | SetText | SetLive | Assign) [Focus] *Mark *Ranges [Sum]
//	Page   = OpPage flags ref(url) ref(title)         flags: 1 = quirks mode
//	View   = OpView width height scale                of the customer's viewport, CSS pixels; scale = device pixels * 1000
//	Media  = OpMedia bits width height                 what media queries ask for besides the viewport: Media* bits, and the screen's
//	                                                   sides in CSS pixels
//	Detach = OpDetach id
//	Insert = OpInsert place 1*node OpEnd
//	Set    = OpSet id attr
//	Unset  = OpUnset id attrname
//	SetText= OpText id ref(text)
//	SetLive= OpLive id live
//	Assign = OpAssign id slot order                    a child of a host with manual slots, shown in a slot of its root;
//	                                                   slot is absolute, 0 = in none; order counts within the slot
//	Focus  = OpFocus node                              absolute; 0 = nothing has the focus
//	Mark   = OpMark kind node                          absolute; 0 = none
//	Ranges = OpRanges kind [ref(name)] order n *range  what is selected, or highlighted under a name: all of it; n = 0 is none
//	range  = id offset id offset                       absolute; in a text, UTF-16 units; at an element, 0 = before it, 1 = behind all it holds
//	Sum    = OpSum count hash                          of the tree after this batch
//	node   = Elem | Text | Shadow | Ref | Box
//	Elem   = OpElem code [ref(name)] nattr *attr nlive *live [Shadow] *node OpEnd
//	Text   = OpText ref(text)
//	Shadow = OpShadow flags *node OpEnd                flags: 1 = closed, 2 = delegates focus, 4 = manual slots
//	Ref    = OpRef id                                  a node that this batch detached, moved here with all it holds
//	Box    = OpBox reason width height                 stands for something that is not shared
//	attr   = attrcode [ref(name)] value                ref(name) only for data-* and aria-*
//	value  = nothing (flag) | number (enum) | asset | ref(role of the attribute)
//	live   = kind payload
//
// Codes of elements, attributes and enumerated values come from the vocabulary (package sanitizer/vocab); what has no
// code cannot be said.
//
// Ids. A new Elem, Text, Shadow or Box gets the next id of the epoch in order of appearance, from 1; Ref uses no new id.
// An `id` in a token is coded as a signed difference to the id named before it in the same batch (0 at its start), by
// Detach, Ref, Set, Unset, SetText, SetLive and Assign alike.
//
// Places. `place` is a signed number v relative to the next new id k at that point: v < 0 puts the nodes before the known
// node k + v, v > 0 puts them behind the last child of the known node k - v (the document is node 0). Runs are maximal,
// so a node named by a place is in the tree and was there before the batch.
//
// Strings. `ref` is a number: 0 takes the next literal, n > 0 is entry n - 1 of the string table. The role of the string
// must be the role that the place asks for.
//
// Documents within the page. A #frame element holds at most one node, the html element of its document; the document itself
// has no token and no id. What follows from the tree, such as masks, limits and readonly, holds across it; ids of elements do
// not: a reference means an element of the same document.
//
// After the batch every detached node that no Ref took back is forgotten with all it holds.
//
// References. Of what an element shows by naming another one (#ref, and url("#id") in its attributes), the server counts how
// much it would be if it stood there: all use elements of a page show 100,000 nodes at most, all references 400,000, and no
// more than 8 references lead from one to the next. Elements that show each other are refused with the page. So a customer
// leaves out a #ref or an attribute that would go beyond, as it leaves out what has no code; of an element that names one
// around itself nothing needs to be left out: it shows nothing. An id is that of the first element in the same tree, the
// document or a shadow root, that has it.
//
// Snapshots that the server makes for an agent contain nodes whose ids are not in order of appearance. OpAt gives the id
// of the node that follows it, or, behind the last token, the next new id. Customers may not use it.

// Opcodes of the token stream.
const (
	OpEnd    = 0x00
	OpPage   = 0x01
	OpView   = 0x02
	OpDetach = 0x03
	OpInsert = 0x04
	OpSet    = 0x05
	OpUnset  = 0x06
	OpText   = 0x07
	OpLive   = 0x08
	OpFocus  = 0x09
	OpSum    = 0x0a
	OpAt     = 0x0b
	OpAssign = 0x0c
	OpMark   = 0x0d
	OpMedia  = 0x0e
	OpRanges = 0x0f
	OpElem   = 0x10
	OpShadow = 0x11
	OpRef    = 0x12
	OpBox    = 0x13
)

// Kinds of live state: what a node is in right now, which its attributes do not tell.
const (
	LiveValue         = 1  // ref(input): what a text control holds
	LiveChecked       = 2  // 0 or 1
	LiveIndeterminate = 3  // 0 or 1
	LiveSelected      = 4  // 0 or 1, of an option
	LiveScroll        = 5  // x y, signed: scroll position; of the first element child of the document: of the page
	LiveBullets       = 6  // n: a masked control holds n characters
	LiveNatural       = 7  // width height: of an image whose bytes are not there yet
	LiveOpen          = 8  // number: place in the top layer counted from 1, or 0 for shown in the flow; dialog and popover
	LiveClosed        = 9  // nothing: the dialog or popover is closed again
	LiveUndefined     = 10 // 0 or 1: a custom element that the page has not defined (:defined)
)

// Kinds of marks: what one element of the page is at a time, besides having the focus.
const (
	MarkTarget     = 1 // the address names it (:target)
	MarkActive     = 2 // the customer presses it (:active, and of all that hold it)
	MarkFullscreen = 3 // it fills the customer's screen
	MarkRing       = 4 // its focus is shown (:focus-visible)
)

// Bits of Media: what the customer's browser answers to media queries (Media Queries Level 5), and what the page says of its
// colour schemes in a meta element.
const (
	MediaDark         = 0x1
	MediaStill        = 0x2 // prefers-reduced-motion
	MediaMore         = 0x4 // prefers-contrast: more; with MediaLess, custom
	MediaLess         = 0x8
	MediaOpaque       = 0x10 // prefers-reduced-transparency
	MediaThrift       = 0x20 // prefers-reduced-data
	MediaForced       = 0x40 // forced-colors
	MediaInverted     = 0x80 // inverted-colors
	MediaHover        = 0x100
	MediaAnyHover     = 0x200
	MediaCoarse       = 0x400 // pointer: coarse; with neither this nor the next, none
	MediaFine         = 0x800
	MediaAnyCoarse    = 0x1000
	MediaAnyFine      = 0x2000
	MediaP3           = 0x4000 // color-gamut
	MediaRec2020      = 0x8000
	MediaHigh         = 0x10000 // dynamic-range
	MediaMinimal      = 0x20000 // display-mode: minimal-ui; without any of these, browser
	MediaStandalone   = 0x40000
	MediaFullscreen   = 0x80000
	MediaLightSchemes = 0x100000 // <meta name=color-scheme> has light
	MediaDarkSchemes  = 0x200000 // and dark
	MediaAll          = 0x3fffff
)

// Kinds of ranges.
const (
	RangesSelection = 1 // what the customer has selected; without a name
	RangesHighlight = 2 // a custom highlight (CSS Custom Highlight API), by its name; order is its priority
)

// Limits of ranges.
const (
	MaxRangeSets = 32
	MaxRanges    = 1000 // of all kinds and names together
	MaxOffset    = 1048576
)

// Limits of the tree that the format allows.
const (
	MaxNodes    = 200_000
	MaxDepth    = 512
	MaxChildren = 50_000
	MaxAttrs    = 64
)

// SumStep is what one node adds to the rolling hash of OpSum: the hash of a tree is the sum of the steps of its nodes,
// modulo 2^32.
func SumStep(id, parent NodeID) uint32 {
	h := uint32(id)*0x9E3779B1 ^ uint32(parent)*0x85EBCA6B
	h ^= h >> 15
	return h * 0xC2B2AE35
}
