package vocab

import (
	"fmt"
	"strings"
)

// Refusal is names that were considered and have no code. Whoever wants one of them in the tables reads here what it would
// bring along.
type Refusal struct {
	Row   int    // the threat row that it belongs to (docs/THREATS.md)
	Space Space  // the language that has the names
	Names string // separated by spaces; a star at the end stands for the rest of a name
	Why   string
}

// RefusedElements are the elements that have no code. A list, not a filter: what is in no table at all has no code either.
var RefusedElements = []Refusal{
	{1, HTML, "script", "runs"},
	{1, HTML, "noscript", "shows itself where scripts are off, as in the stage"},
	{4, HTML, "iframe frame frameset noframes object embed applet param portal fencedframe", "holds another document; an empty box of the same size stands for it, and #frame for an iframe of the page's own origin"},
	{5, HTML, "meta base", "changes what the whole document does"},
	{6, HTML, "link", "loads or opens connections, whatever the stage's policy says; a sheet is told as a style element"},
	{13, HTML, "plaintext xmp listing noembed", "the HTML parser reads what it holds as text; span stands for it"},
	{14, HTML, "template", "holds what is no part of the page yet; a shadow root is a node of its own"},
	{17, HTML, "selectedcontent datalist", "the browser makes copies of nodes for it"},
	{17, HTML, "permission geolocation usermedia install", "the browser asks for a permission by it"},
	{18, HTML, "audio source track bgsound model", "plays or loads media"},
	{27, HTML, "title", "told as the page's title, without what hides or reorders text"},
	{40, HTML, "marquee blink", "moves for ever, and lays the page out each time"},
	{1, HTML, "basefont command content element image isindex keygen menuitem multicol nextid rbc shadow spacer", "out of use; no browser shows it in a way of its own, and span stands for it"},
	{1, SVG, "script handler listener", "runs"},
	{4, SVG, "iframe animation", "holds another document"},
	{9, SVG, "animate animateColor animateMotion animateTransform set discard mpath", "SMIL runs without scripts and can set any attribute; the state of the moment is told"},
	{10, SVG, "feImage tref cursor color-profile prefetch", "loads what it names"},
	{13, SVG, "metadata unknown", "shows nothing, and holds elements of any language"},
	{15, SVG, "font font-face font-face-format font-face-name font-face-src font-face-uri glyph missing-glyph hkern vkern altGlyph altGlyphDef altGlyphItem glyphRef", "fonts made of SVG; no browser shows them"},
	{18, SVG, "audio video canvas source track", "plays or loads media"},
	{30, SVG, "feTurbulence feMorphology feConvolveMatrix feDisplacementMap feDiffuseLighting feSpecularLighting feDistantLight fePointLight feSpotLight", "its cost grows with numbers that the page chooses"},
	{30, SVG, "mesh meshgradient meshpatch meshrow hatch hatchpath solidcolor solidColor", "drafts of SVG 2; no browser shows them"},
	{7, SVG, "textArea tbreak", "SVG Tiny; no browser shows it"},
	{11, MathML, "semantics", "holds what stands for a formula in other languages; mrow stands for it, without those"},
	{11, MathML, "annotation annotation-xml", "an integration point: HTML can stand in it"},
	{11, MathML, "mglyph malignmark maligngroup malign malignscope", "the HTML parser changes language at it"},
	{12, MathML, "maction", "acts; mrow stands for it"},
	{12, MathML, "none menclose mfenced mlabeledtr mfraction mlongdiv mscarries mscarry msgroup msline msrow mstack", "not in MathML Core; mrow stands for it, as browsers lay it out"},
	{12, MathML, contentMathML, "says what a formula means, and is not shown"},
}

// contentMathML are the elements of Content MathML (MathML 3, chapter 4, with those of MathML 1 and 2).
const contentMathML = "abs and apply approx arccos arccosh arccot arccoth arccsc arccsch arcsec arcsech arcsin arcsinh arctan arctanh arg " +
	"bind bvar card cartesianproduct cbytes ceiling cerror ci cn codomain complexes compose condition conjugate cos cosh cot coth cs csc " +
	"csch csymbol curl declare degree determinant diff divergence divide domain domainofapplication emptyset encoding eq equivalent " +
	"eulergamma exists exp exponentiale factorial factorof false floor fn forall function gcd geq grad gt ident image imaginary imaginaryi " +
	"implies in infinity int integers intersect interval inverse lambda laplacian lcm leq limit list ln log logbase lowlimit lt matrix " +
	"matrixrow max mean median min minus mode moment momentabout naturalnumbers neq not notanumber notin notprsubset notsubset or " +
	"otherwise outerproduct partialdiff pi piece piecewice piecewise plus power primes product prsubset quotient rationals real reals reln " +
	"rem root scalarproduct sdev sec sech select selector sep set setdiff share sin sinh subset sum tan tanh tendsto times transpose true " +
	"union uplimit var variance vector vectorproduct xor"

// RefusedAttributes are the attributes that have no code on the elements of a language.
var RefusedAttributes = []Refusal{
	{2, HTML, "on*", "runs"},
	{2, SVG, "on*", "runs"},
	{2, MathML, "on*", "runs"},
	{2, HTML, "itemid itemprop itemref itemscope itemtype elementtiming headingoffset headingreset axis char charoff profile version prompt nohref xml:lang xml:space xmlns xmlns:*", "shows nothing"},
	{2, SVG, "about content datatype property resource rel rev typeof", "shows nothing"},
	{3, HTML, "src srcset sizes imagesrcset imagesizes poster background longdesc lowsrc dynsrc data classid codebase code archive object manifest", "an address, or what chooses one; pictures are told as assets"},
	{4, HTML, "srcdoc sandbox allow allowfullscreen allowpaymentrequest allowusermedia csp credentialless noresize", "of a document within the page"},
	{4, HTML, "declare standby codetype typemustmatch valuetype", "of an object"},
	{5, HTML, "http-equiv content charset scheme", "of meta"},
	{6, HTML, "referrerpolicy integrity crossorigin loading fetchpriority decoding blocking nonce as attributionsrc browsingtopics sharedstoragewritable async defer nomodule language", "steers a request"},
	{6, SVG, "referrerpolicy crossorigin externalResourcesRequired bandwidth mediaCharacterEncoding mediaContentEncodings mediaSize mediaTime contentScriptType contentStyleType", "steers a request"},
	{7, HTML, "action formaction method formmethod enctype formenctype formtarget novalidate formnovalidate accept-charset dirname", "sends a form"},
	{7, HTML, "autocomplete autofocus list form accept capture alpha colorspace autocapitalize autocorrect spellcheck writingsuggestions inputmode enterkeyhint virtualkeyboardpolicy", "makes the agent's browser help with typing"},
	{7, HTML, "accesskey draggable dropzone contextmenu ismap", "takes the agent's keys and clicks"},
	{7, HTML, "pattern minlength maxlength", "judges what is typed, which nobody types in the stage; a pattern can run for ever"},
	{7, HTML, "contenteditable", "told as #editable; nobody edits the stage"},
	{7, SVG, "editable focusable focusHighlight nav-*", "takes the agent's keys"},
	{8, HTML, "target download ping rel rev hreflang", "says how a link is followed; in the stage none is"},
	{8, SVG, "target download ping hreflang", "says how a link is followed; in the stage none is"},
	{9, SVG, "attributeName attributeType begin end dur from to by calcMode keyTimes keySplines keyPoints repeatCount repeatDur restart accumulate additive origin transformBehavior sync* timelinebegin timelineBegin snapshotTime playbackorder playbackOrder initialVisibility overlay", "SMIL"},
	{10, SVG, "xlink:* xml:* href", "names what is outside of the page, or moves what names are relative to; within the page it is told as #ref"},
	{10, SVG, "color-profile local rendering-intent", "names a colour profile"},
	{10, SVG, "requiredExtensions requiredFeatures requiredFonts requiredFormats systemLanguage", "makes the agent's browser choose what the customer's has chosen already"},
	{10, SVG, "clip color-rendering enable-background glyph-orientation-horizontal glyph-orientation-vertical kerning baseProfile version zoomAndPan viewTarget filterRes", "out of use; does nothing"},
	{12, MathML, "href src xlink:* altimg altimg-* actiontype selection", "leads or loads somewhere, or acts"},
	{12, MathML, "encoding definitionURL cd cdgroup alttext intent arg other overflow macros mode", "shows nothing"},
	{12, MathML, "background color font* bevelled close open separators notation columnalign rowalign columnlines rowlines columnspacing rowspacing frame framespacing align equalcolumns equalrows groupalign alignmentscope side minlabelspacing numalign denomalign subscriptshift superscriptshift lquote rquote linebreak indent* mslinethickness position shift crossout charalign charspacing stackalign location decimalpoint edge length leftoverhang rightoverhang index nargs occurrence order scope base closure name type veryverythinmathspace", "not in MathML Core; browsers pass over it"},
	{14, HTML, "shadowroot* patchsrc", "makes a shadow root from text"},
	{15, HTML, "is", "makes a built-in element a custom one"},
	{17, HTML, "popover popovertarget popovertargetaction command commandfor interestfor anchor closedby focusgroup", "opens without a script; what is open is told as live state"},
	{18, HTML, "autoplay controls controlslist loop muted playsinline preload default kind srclang disablepictureinpicture disableremoteplayback", "plays media"},
	{20, HTML, "checked selected", "told as live state, so that no sheet of the page can select by it alone"},
	{25, SVG, "cursor", "could hide the pointer; sheets say it, where it is judged"},
	{27, SVG, "title", "an element of SVG says it"},
	{30, SVG, "azimuth baseFrequency bias diffuseConstant divisor edgeMode elevation kernelMatrix kernelUnitLength lighting-color limitingConeAngle numOctaves order pointsAtX pointsAtY pointsAtZ preserveAlpha radius scale seed specularConstant specularExponent stitchTiles surfaceScale targetX targetY xChannelSelector yChannelSelector z", "of effects whose cost grows with numbers that the page chooses"},
	{15, SVG, "accent-height alphabetic arabic-form ascent bbox cap-height descent format g1 g2 glyph-name glyphRef hanging horiz-* ideographic k mathematical orientation overline-* panose-1 stemh stemv strikethrough-* string u1 u2 underline-* unicode unicode-range units-per-em v-* vert-* widths x-height", "of fonts made of SVG"},
	{2, SVG, "defaultAction event handler observer phase propagate", "runs"},
}

// holds says whether the names of a refusal hold a name.
func (r *Refusal) holds(name string) bool {
	for n := range strings.FieldsSeq(r.Names) {
		if stem, open := strings.CutSuffix(n, "*"); n == name || open && strings.HasPrefix(name, stem) {
			return true
		}
	}
	return false
}

func refusal(list []Refusal, space Space, name string) (Refusal, bool) {
	for i := range list {
		if list[i].Space == space && list[i].holds(name) {
			return list[i], true
		}
	}
	return Refusal{}, false
}

// RefusedElement tells why an element has no code; false when it was never considered.
func RefusedElement(space Space, name string) (Refusal, bool) {
	return refusal(RefusedElements, space, name)
}

// RefusedAttribute tells why an attribute, as the page spells it, has no code on the elements of a language; false when
// it was never considered.
func RefusedAttribute(space Space, name string) (Refusal, bool) {
	return refusal(RefusedAttributes, space, name)
}

// ValidateRefusals tells what is wrong with the refusals: nothing is both allowed and refused. Tests and the generator call it.
func ValidateRefusals() error {
	for i := range Elements {
		if e := &Elements[i]; e.Code != CustomElement {
			if r, ok := RefusedElement(e.Space, e.Name); ok {
				return fmt.Errorf("element %s has a code and is refused by row %d", e.Key(), r.Row)
			}
		}
	}
	for i := range Attributes {
		a := &Attributes[i]
		for k := range Elements {
			e := &Elements[k]
			if a.DOM == "" || !a.May(e) {
				continue
			}
			r, ok := RefusedAttribute(e.Space, a.DOM)
			// Of links of SVG the address is told as text; elsewhere in SVG it is a reference.
			if ok && a.Code != HrefAttr {
				return fmt.Errorf("attribute %s has a code on %s and is refused by row %d", a.Name, e.Key(), r.Row)
			}
		}
	}
	for _, list := range [][]Refusal{RefusedElements, RefusedAttributes} {
		for _, r := range list {
			if r.Row < 1 || r.Why == "" || r.Names == "" {
				return fmt.Errorf("a refusal lacks its row, names or reason")
			}
		}
	}
	return nil
}
