package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitrine/sanitizer/vocab"
)

const corpora = root + "/../shared/corpora/"

// The elements of the standards and of those before them that browsers or pages still know: HTML Living Standard with its
// obsolete features, SVG 1.1, 1.2 Tiny and 2, MathML Core and the presentation elements of MathML 3.
var standards = map[vocab.Space]string{
	vocab.HTML: "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br button " +
		"canvas caption center cite code col colgroup command content data datalist dd del details dfn dialog dir div dl dt element em embed " +
		"fencedframe fieldset figcaption figure font footer form frame frameset geolocation h1 h2 h3 h4 h5 h6 head header hgroup hr html i " +
		"iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee menu menuitem meta meter model " +
		"multicol nav nextid nobr noembed noframes noscript object ol optgroup option output p param permission picture plaintext portal pre " +
		"progress q rb rbc rp rt rtc ruby s samp script search section select selectedcontent shadow slot small source spacer span strike " +
		"strong style sub summary sup table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp",
	vocab.SVG: "a altGlyph altGlyphDef altGlyphItem animate animateColor animateMotion animateTransform animation audio canvas circle " +
		"clipPath color-profile cursor defs desc discard ellipse feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix " +
		"feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage " +
		"feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence filter font font-face " +
		"font-face-format font-face-name font-face-src font-face-uri foreignObject g glyph glyphRef handler hatch hatchpath hkern iframe " +
		"image line linearGradient listener marker mask mesh meshgradient meshpatch meshrow metadata missing-glyph mpath path pattern " +
		"polygon polyline prefetch radialGradient rect script set solidColor solidcolor stop style svg switch symbol tbreak text textArea " +
		"textPath title tref tspan unknown use video view vkern",
	vocab.MathML: "annotation annotation-xml maction maligngroup malignmark math menclose merror mfenced mfrac mglyph mi mlabeledtr mlongdiv " +
		"mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mscarries mscarry msgroup msline mspace msqrt msrow mstack " +
		"mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none semantics apply bind ci cn cs csymbol share",
}

// The attributes of HTML (its index of attributes, with the obsolete ones) and the properties that SVG 2 takes as attributes.
var standardAttributes = map[vocab.Space]string{
	vocab.HTML: "abbr accept accept-charset accesskey action allow allowfullscreen alpha alt as async autocapitalize autocomplete autocorrect " +
		"autofocus autoplay blocking charset checked cite class closedby color cols colspan colorspace command commandfor content " +
		"contenteditable controls coords crossorigin data datetime decoding default defer dir dirname disabled download draggable enctype " +
		"enterkeyhint fetchpriority for form formaction formenctype formmethod formnovalidate formtarget headers height hidden high href " +
		"hreflang http-equiv id imagesizes imagesrcset inert inputmode integrity is ismap itemid itemprop itemref itemscope itemtype kind " +
		"label lang list loading loop low max maxlength media method min minlength multiple muted name nomodule nonce novalidate open optimum " +
		"pattern ping placeholder playsinline popover popovertarget popovertargetaction poster preload readonly referrerpolicy rel required " +
		"reversed rows rowspan sandbox scope selected shadowrootclonable shadowrootcustomelementregistry shadowrootdelegatesfocus " +
		"shadowrootmode shadowrootserializable shape size sizes slot span spellcheck src srcdoc srclang srcset start step style tabindex " +
		"target title translate type usemap value width wrap writingsuggestions " +
		"align alink archive axis background bgcolor border cellpadding cellspacing char charoff classid clear code codebase codetype compact " +
		"declare face frame frameborder hspace language link longdesc manifest marginheight marginwidth nohref noresize noshade nowrap object " +
		"profile prompt rev rules scheme scrolling standby summary text valign valuetype version vlink vspace",
	vocab.SVG: "alignment-baseline baseline-shift clip-path clip-rule color color-interpolation color-interpolation-filters cursor cx cy " +
		"direction display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity font-family font-size " +
		"font-size-adjust font-stretch font-style font-variant font-weight glyph-orientation-horizontal glyph-orientation-vertical height " +
		"image-rendering letter-spacing lighting-color marker-end marker-mid marker-start mask mask-type opacity overflow paint-order " +
		"pointer-events r rx ry shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap " +
		"stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration text-overflow text-rendering " +
		"transform-origin unicode-bidi vector-effect visibility white-space width word-spacing writing-mode x y " +
		"href xlink:href xml:base xml:space onbegin onend onrepeat attributeName begin values to from",
	vocab.MathML: "dir displaystyle mathbackground mathcolor mathsize mathvariant scriptlevel display accent accentunder columnspan depth form " +
		"fence height largeop linethickness lspace maxsize minsize movablelimits rowspan rspace separator stretchy symmetric voffset width " +
		"href xlink:href actiontype selection encoding alttext altimg definitionURL",
}

func elementOf(space vocab.Space, name string) *vocab.Element {
	i := slices.IndexFunc(vocab.Elements, func(e vocab.Element) bool { return e.Space == space && e.Name == name })
	if i < 0 {
		return nil
	}
	return &vocab.Elements[i]
}

// named says whether an attribute as the page spells it has a code on some element of a language.
func named(space vocab.Space, name string) bool {
	for i := range vocab.Attributes {
		a := &vocab.Attributes[i]
		for k := range vocab.Elements {
			if e := &vocab.Elements[k]; a.DOM == name && e.Space == space && a.May(e) {
				return true
			}
		}
	}
	return false
}

// wicg is a configuration of the Sanitizer API as the corpora hold it.
type wicg struct {
	Elements   []wicgName
	Attributes []wicgName
	Removed    []wicgName `json:"removeElements"`
}

type wicgName struct {
	Namespace, Name string
	Attributes      []wicgName
}

// readCorpus reads a file of the corpora, or skips the test where there are none.
func readCorpus(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(corpora + name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(corpora); err == nil {
			t.Fatalf("the corpora are there, but %s is not", name)
		}
		t.Skipf("corpora not found at ../shared/corpora: the tables are not held against %s", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readWICG(t *testing.T, name string) (c wicg) {
	t.Helper()
	if err := json.Unmarshal(readCorpus(t, name), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (n wicgName) space(t *testing.T) vocab.Space {
	t.Helper()
	i := slices.Index(vocab.Namespaces, n.Namespace)
	if i < 0 {
		t.Fatalf("a namespace that the tables do not know")
	}
	return vocab.Space(i)
}

// TestThreat01_EveryElementIsDecided holds that every element of the standards has a code or a reason why it has none.
func TestThreat01_EveryElementIsDecided(t *testing.T) {
	if err := errors.Join(vocab.Validate(), vocab.ValidateRefusals()); err != nil {
		t.Fatal(err)
	}
	decided := 0
	for space, names := range standards {
		for name := range strings.FieldsSeq(names) {
			_, refused := vocab.RefusedElement(space, name)
			if elementOf(space, name) == nil && !refused {
				t.Errorf("element %s: neither a code nor a reason", space.Key(name))
			}
			decided++
		}
	}
	if decided < 280 {
		t.Errorf("only %d elements looked at", decided)
	}
}

// TestThreat01_Baseline holds that what the Sanitizer API always removes has no code, but for use, whose references name
// the same page alone (threat rows 10 and 30).
func TestThreat01_Baseline(t *testing.T) {
	list := readWICG(t, "wicg-safe-baseline-configuration.json").Removed
	if len(list) != 7 {
		t.Fatalf("%d elements, want 7", len(list))
	}
	for _, n := range list {
		space := n.space(t)
		e := elementOf(space, n.Name)
		if space == vocab.SVG && n.Name == "use" {
			if e == nil || e.Why == "" {
				t.Error("use lost its code or its reason")
			}
			continue
		}
		if _, refused := vocab.RefusedElement(space, n.Name); e != nil || !refused {
			t.Errorf("element %s has a code, or no reason why not", space.Key(n.Name))
		}
	}
}

// TestThreat01_ReasonsBeyondTheDefault holds that what the Sanitizer API's safe default has is decided, and that what it
// does not have says why it has a code.
func TestThreat01_ReasonsBeyondTheDefault(t *testing.T) {
	c := readWICG(t, "wicg-safe-default-configuration.json")
	if len(c.Elements) != 121 || len(c.Attributes) != 58 {
		t.Fatalf("%d elements and %d attributes, want 121 and 58", len(c.Elements), len(c.Attributes))
	}
	safe := map[string][]string{}
	for _, n := range c.Elements {
		space := n.space(t)
		own := []string{}
		for _, a := range n.Attributes {
			own = append(own, a.Name)
			if _, refused := vocab.RefusedAttribute(space, a.Name); !refused && !named(space, a.Name) {
				t.Errorf("attribute %s of %s: neither a code nor a reason", a.Name, space.Key(n.Name))
			}
		}
		for _, a := range c.Attributes {
			own = append(own, a.Name)
		}
		safe[space.Key(n.Name)] = own
		if _, refused := vocab.RefusedElement(space, n.Name); !refused && elementOf(space, n.Name) == nil {
			t.Errorf("element %s: neither a code nor a reason", space.Key(n.Name))
		}
	}
	beyond := 0
	for i := range vocab.Elements {
		e := &vocab.Elements[i]
		if _, ok := safe[e.Key()]; !ok {
			beyond++
			if e.Why == "" {
				t.Errorf("element %s has a code without a reason", e.Key())
			}
		}
		for k := range vocab.Attributes {
			if a := &vocab.Attributes[k]; a.May(e) && a.Why == "" && (a.DOM == "" || !slices.Contains(safe[e.Key()], a.DOM)) {
				t.Errorf("attribute %s has a code on %s without a reason", a.Name, e.Key())
			}
		}
	}
	if beyond < 50 {
		t.Errorf("only %d elements beyond the default: the tables were not read", beyond)
	}
}

// TestThreat02_EveryHandlerIsRefused holds that no event handler has a code on an element of any language.
func TestThreat02_EveryHandlerIsRefused(t *testing.T) {
	names := 0
	for line := range strings.Lines(string(readCorpus(t, "wicg-event-handler-attributes.txt"))) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		names++
		for _, space := range []vocab.Space{vocab.HTML, vocab.SVG, vocab.MathML} {
			r, refused := vocab.RefusedAttribute(space, line)
			if !refused || r.Row != 2 || named(space, line) {
				t.Errorf("%s is not refused by row 2", line)
			}
		}
	}
	if names != 88 {
		t.Errorf("%d names, want 88", names)
	}
}

// TestThreat02_EveryAttributeIsDecided holds that every attribute of the standards has a code or a reason why it has none.
func TestThreat02_EveryAttributeIsDecided(t *testing.T) {
	for space, names := range standardAttributes {
		for name := range strings.FieldsSeq(names) {
			if _, refused := vocab.RefusedAttribute(space, name); !refused && !named(space, name) {
				t.Errorf("attribute %s of language %d: neither a code nor a reason", name, space)
			}
		}
	}
}

// refusedBy holds that names have no code, and a reason with the given row.
func refusedBy(t *testing.T, row int, space vocab.Space, elements, attributes string) {
	t.Helper()
	for name := range strings.FieldsSeq(elements) {
		if r, ok := vocab.RefusedElement(space, name); !ok || r.Row != row || elementOf(space, name) != nil {
			t.Errorf("element %s is not refused by row %d", space.Key(name), row)
		}
	}
	for name := range strings.FieldsSeq(attributes) {
		if r, ok := vocab.RefusedAttribute(space, name); !ok || r.Row != row || named(space, name) {
			t.Errorf("attribute %s of language %d is not refused by row %d", name, space, row)
		}
	}
}

// TestThreat04_Documents holds that nothing can hold another document.
func TestThreat04_Documents(t *testing.T) {
	refusedBy(t, 4, vocab.HTML, "iframe frame frameset object embed applet param portal fencedframe", "srcdoc sandbox allow")
}

// TestThreat06_Links holds that nothing opens a connection, which no policy of the stage would stop.
func TestThreat06_Links(t *testing.T) {
	refusedBy(t, 6, vocab.HTML, "link", "integrity crossorigin attributionsrc fetchpriority")
	refusedBy(t, 5, vocab.HTML, "meta base", "http-equiv content charset")
	refusedBy(t, 8, vocab.HTML, "", "target download ping rel")
}

// TestThreat09_SMIL holds that nothing animates by itself: SMIL runs without scripts, and no fence of the browser stops it.
func TestThreat09_SMIL(t *testing.T) {
	refusedBy(t, 9, vocab.SVG, "animate set animateTransform animateMotion animateColor discard mpath",
		"attributeName attributeType begin end dur from to by calcMode keyTimes keySplines keyPoints repeatCount")
	for i := range vocab.Attributes {
		// values belongs to SMIL and to one effect; only the effect has it.
		if a := &vocab.Attributes[i]; a.DOM == "values" && !slices.Equal(a.On, []string{"svg:feColorMatrix"}) {
			t.Error("values can be named beyond feColorMatrix")
		}
	}
}

// TestThreat12_MathML holds that formulas are shown and do nothing: no links, nothing that acts, no integration points,
// no other language within.
func TestThreat12_MathML(t *testing.T) {
	refusedBy(t, 11, vocab.MathML, "semantics annotation annotation-xml mglyph malignmark maligngroup", "")
	refusedBy(t, 12, vocab.MathML, "maction none menclose mfenced ci cn apply csymbol", "href src xlink:href actiontype selection encoding altimg")
	formulas := 0
	for i := range vocab.Elements {
		e := &vocab.Elements[i]
		if e.Space != vocab.MathML {
			continue
		}
		formulas++
		if e.Content != vocab.MathFlow && e.Content != vocab.Empty {
			t.Errorf("element %s may hold another language", e.Key())
		}
		for k := range vocab.Attributes {
			a := &vocab.Attributes[k]
			if a.May(e) && (a.Value == vocab.URL || a.Value == vocab.Asset) {
				t.Errorf("attribute %s on %s leads somewhere", a.Name, e.Key())
			}
		}
	}
	if formulas != 26 {
		t.Errorf("%d elements of MathML, want 26", formulas)
	}
}

// TestThreat17_TopLayer holds that nothing opens, is copied or is asked for by the browser itself.
func TestThreat17_TopLayer(t *testing.T) {
	refusedBy(t, 17, vocab.HTML, "selectedcontent datalist permission geolocation",
		"popover popovertarget popovertargetaction command commandfor interestfor anchor closedby")
}

// TestThreat18_Media holds that nothing plays.
func TestThreat18_Media(t *testing.T) {
	refusedBy(t, 18, vocab.HTML, "audio source track bgsound", "autoplay controls loop muted playsinline preload kind srclang")
	refusedBy(t, 18, vocab.SVG, "audio video canvas source track", "")
	e := elementOf(vocab.HTML, "video")
	if e == nil || e.Content != vocab.Empty {
		t.Fatal("video may hold sources")
	}
	for i := range vocab.Attributes {
		if a := &vocab.Attributes[i]; a.May(e) && a.Value == vocab.URL {
			t.Errorf("attribute %s on video leads somewhere", a.Name)
		}
	}
}

// TestThreat30_Effects holds that effects whose cost grows with numbers of the page have no code.
func TestThreat30_Effects(t *testing.T) {
	refusedBy(t, 30, vocab.SVG, "feTurbulence feMorphology feConvolveMatrix feDisplacementMap feDiffuseLighting feSpecularLighting",
		"baseFrequency numOctaves kernelMatrix order radius surfaceScale")
}

// codesFile lists every code with the version of the tables that brought it. It only grows.
const codesFile = "vectors/vocab/codes.txt"

// TestCodesOnlyGrow holds that no code was ever taken away or given another meaning, and that new ones raised the version:
// two versions that both say 2 must say the same.
func TestCodesOnlyGrow(t *testing.T) {
	data, err := os.ReadFile(codesFile)
	if err != nil {
		t.Fatal(err)
	}
	var now []string
	for _, e := range vocab.Elements {
		now = append(now, fmt.Sprintf("element %d %s %s", e.Code, e.Key(), vocab.ContentNames[e.Content]))
	}
	for _, a := range vocab.Attributes {
		spelled := a.DOM
		if spelled == "" {
			spelled = a.Name
		}
		now = append(now, fmt.Sprintf("attribute %d %s %s", a.Code, spelled, vocab.ValueNames[a.Value]))
	}
	known, last := map[string]bool{}, 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		version, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(version)
		if err != nil || known[what] {
			t.Fatalf("%s: %q is no line of it, or stands twice", codesFile, line)
		}
		known[what], last = true, max(last, n)
		if !slices.Contains(now, what) {
			t.Errorf("%q was taken away or changed: codes are append-only", what)
		}
	}
	for _, what := range now {
		if !known[what] {
			t.Errorf("new: raise vocab.Version and append \"%d %s\" to %s", last+1, what, codesFile)
		}
	}
	if last != vocab.Version {
		t.Errorf("%s ends with version %d, the tables have version %d", codesFile, last, vocab.Version)
	}
}
