package sanitizer

import "strings"

// How the argument of a functional pseudo-class or pseudo-element is read.
const (
	argNone      uint8 = iota
	argList            // a list of complex selectors
	argForgiving       // such a list from which unknown selectors go one by one
	argRelative        // a list of relative selectors
	argNth             // an+b, with "of" and a list where the class takes one
	argWords           // identifiers and strings, with commas or spaces
)

// What a pseudo-class becomes.
const (
	pseudoKeep   uint8 = iota
	pseudoState        // an attribute: the stage has no pointer and no focus of its own, the viewer sets these instead
	pseudoDouble       // a pseudo-element that may be written with one colon
	pseudoNamed        // an attribute whose words are the names of an element's own states
	pseudoAbsent       // the lack of an attribute: the stage defines no elements, the viewer marks those that the page has not
)

type pseudoEntry struct {
	names string // separated by spaces
	arg   uint8
	use   uint8
}

// pseudoClasses are the pseudo-classes without argument that are kept, then those with one. Unknown names drop their
// rule, as they do in a browser.
var pseudoClasses = []pseudoEntry{
	{"hover focus active focus-within focus-visible target fullscreen", argNone, pseudoState},
	{"defined", argNone, pseudoAbsent},
	{"before after first-line first-letter", argNone, pseudoDouble},
	{"root empty first-child last-child only-child first-of-type last-of-type only-of-type scope host", argNone, pseudoKeep},
	{"link visited any-link -webkit-any-link -moz-any-link local-link target-within target-current target-before target-after",
		argNone, pseudoKeep},
	{"enabled disabled checked unchecked indeterminate default required optional valid invalid user-valid user-invalid " +
		"in-range out-of-range read-only read-write placeholder-shown autofill -webkit-autofill blank open closed",
		argNone, pseudoKeep},
	{"-webkit-full-screen -moz-full-screen picture-in-picture modal popover-open past current future playing " +
		"paused muted seeking buffering stalled volume-locked", argNone, pseudoKeep},
	{"horizontal vertical decrement increment start end double-button single-button no-button corner-present " +
		"window-inactive", argNone, pseudoKeep},
	{"-moz-focusring -moz-placeholder -moz-ui-invalid -moz-ui-valid -moz-read-only -moz-read-write -moz-last-node " +
		"-moz-first-node -moz-submit-invalid -webkit-autofill-strong-password", argNone, pseudoKeep},
	{"interest-source interest-target active-view-transition heading has-slotted", argNone, pseudoKeep},
}

var pseudoClassFunctions = []pseudoEntry{
	{"is where", argForgiving, pseudoKeep},
	{"not -webkit-any -moz-any matches host host-context", argList, pseudoKeep},
	{"has", argRelative, pseudoKeep},
	{"nth-child nth-last-child nth-of-type nth-last-of-type nth-col nth-last-col", argNth, pseudoKeep},
	{"lang dir heading active-view-transition-type", argWords, pseudoKeep},
	{"state", argWords, pseudoNamed},
}

// pseudoElements are the pseudo-elements that are kept, besides everything that starts with -webkit-: browsers take those
// for valid whether they know them or not (Selectors Level 4, section 3.9), so one of them must not spoil its list.
var pseudoElements = []pseudoEntry{
	{"before after first-line first-letter marker placeholder selection backdrop file-selector-button cue target-text " +
		"spelling-error grammar-error search-text details-content checkmark picker-icon column scroll-marker " +
		"scroll-marker-group", argNone, pseudoKeep},
	{"-moz-selection -moz-placeholder -moz-focus-inner -moz-focus-outer -moz-range-thumb -moz-range-track " +
		"-moz-range-progress -moz-progress-bar -moz-meter-bar -moz-color-swatch -moz-list-bullet -moz-list-number",
		argNone, pseudoKeep},
}

var pseudoElementFunctions = []pseudoEntry{
	{"slotted cue", argList, pseudoKeep},
	{"part highlight picker scroll-button", argWords, pseudoKeep},
}

// pseudoTable finds an entry by name.
type pseudoTable struct {
	nameTable
	arg []uint8
	use []uint8
}

// The pseudo-classes and pseudo-elements: [0] without, [1] with an argument.
var (
	classTables   = [2]pseudoTable{newPseudoTable(pseudoClasses), newPseudoTable(pseudoClassFunctions)}
	elementTables = [2]pseudoTable{newPseudoTable(pseudoElements), newPseudoTable(pseudoElementFunctions)}
)

func newPseudoTable(entries []pseudoEntry) pseudoTable {
	var t pseudoTable
	for _, e := range entries {
		for _, name := range strings.Fields(e.names) {
			t.names = append(t.names, name)
			t.arg = append(t.arg, e.arg)
			t.use = append(t.use, e.use)
		}
	}
	t.nameTable = newNameTable(t.names)
	return t
}
