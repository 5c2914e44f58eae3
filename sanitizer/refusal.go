package sanitizer

import "vitrine/internal/wire"

// Refusal says that a frame was not passed on, by which rule, and at which node (0 when it is not about one). It never
// holds anything of what was refused. Rules that start with "row" and a number are named after the threat they answer.
type Refusal struct {
	Node wire.NodeID
	Rule string
}

// Error names the rule.
func (r *Refusal) Error() string { return "refused: " + r.Rule }

// The rules by which a batch is refused.
const (
	ruleString    = "row36-string"     // a reference to a string that is not there, or of another role
	ruleUnused    = "row36-unused"     // a string that nothing refers to, or not in the order of first use
	ruleTable     = "row32-table"      // the string table would grow past its limit
	ruleUTF8      = "row35-utf8"       // not UTF-8
	ruleToken     = "row36-token"      // no such token, or not here
	ruleElement   = "row01-element"    // no such element
	ruleAttribute = "row02-attribute"  // no such attribute, or not on this element
	ruleValue     = "row07-value"      // no such value
	ruleName      = "row15-name"       // not a name of a custom element, or of a data- or aria- attribute, or of a highlight
	ruleDouble    = "row36-attribute"  // an attribute twice
	ruleContent   = "row11-content"    // a node where its parent may not hold it
	ruleShadow    = "row14-shadow"     // a shadow root where none may be
	ruleSlot      = "row33-slot"       // a slot that is none, of another host, or filled by names
	rulePlace     = "row33-place"      // a place that is not in the page
	ruleNode      = "row33-node"       // a node that is not in the page, or not of the right kind
	ruleDetached  = "row33-detached"   // a node taken back that this batch did not take out, or twice
	ruleRanges    = "row32-ranges"     // too many ranges, or names of them
	ruleDepth     = "row32-depth"      // too deep
	ruleNodes     = "row32-nodes"      // too many nodes
	ruleChildren  = "row32-children"   // too many children
	ruleAttrs     = "row32-attributes" // too many attributes
	ruleBytes     = "row32-bytes"      // too many bytes
	ruleMask      = "row34-mask"       // content for a node whose content is hidden
	ruleSequence  = "row36-sequence"   // a batch out of order, or before the first snapshot
	ruleShown     = "row30-shown"      // more shown by reference than a page may
	ruleChain     = "row30-chain"      // too many references that lead from one to the next
	ruleCycle     = "row30-cycle"      // references that lead back to where they began
	ruleCost      = "row40-cost"       // a page that costs a browser too much to lay out
	ruleNesting   = "row40-nesting"    // too many tables or the like in each other
	ruleSum       = "row33-sum"        // the page is not what the sender believes it to be
)
