package wire

// ProtocolVersion is sent in Hello and Welcome. Peers whose versions differ cannot talk to each other.
const ProtocolVersion = 1

// Limits that belong to the format. A frame beyond one of them is refused.
const (
	MaxMessage    = 16 << 10 // bytes of one data channel message that senders make
	MaxMessageIn  = 64 << 10 // bytes of one data channel message that receivers accept
	MaxFrame      = 8 << 20  // bytes of one frame after inflation
	MaxTable      = 8192     // entries of a string table
	MaxTableBytes = 512 << 10
	MaxEntry      = 128     // bytes of one string table entry; longer strings travel as literals
	MaxLiteral    = 1 << 20 // bytes of one literal
	MaxChunk      = 15 << 10
	DeflateFrom   = 1024 // bytes of a frame from which it is worth deflating
)

// NodeID names a node of a page within one epoch. 0 is the document itself; ids are dense, in order of appearance, and
// never used twice.
type NodeID uint32

// AssetID names an asset (an image, a font, a style sheet) within a session. The SDK derives it from the asset's address
// and a per-session salt, so that it is the same on every page of the session and tells nothing about the address.
// Range: 1 to 2^53-1.
type AssetID uint64

// Hash is the SHA-256 (FIPS 180-4) of an asset's bytes.
type Hash [32]byte

// AgentID numbers the agents of one session from 1 in the order in which they joined. 0 is the customer.
type AgentID uint32

// Channel is one of the five negotiated data channels; its value is the stream id (RFC 8832 is not used).
type Channel uint8

// The channels.
const (
	Ctl   Channel = iota // both ways, reliable, ordered: consent, states, acks
	Dom                  // customer to agents, reliable, ordered: the page
	Asset                // customer to agents, reliable, unordered: chunks of images, fonts and sheets
	Ptr                  // both ways, unordered, no retransmission: pointers
	Input                // agents to customer, reliable, ordered: clicks and keys
)

// Role says what a string is, so that it is judged once and can be used as nothing else.
type Role uint8

// The roles of strings.
const (
	RoleText     Role = iota // text of a text node
	RoleAttr                 // text of an attribute that a person reads
	RoleTokens               // class list and the like
	RoleDecls                // CSS declarations of a style attribute
	RoleCSSValue             // value of an SVG presentation attribute
	RoleMedia                // media query list
	RoleURL                  // an address shown as text
	RoleInput                // what a form control holds
	RoleName                 // name of a custom element, or what follows data- or aria-
	RoleNumber               // number, length, or a list of them
	RoleColour               // a CSS colour
	RoleID                   // id or reference to one
	RolePath                 // SVG path data
	RoleTitle                // what the console shows about the page
)

// Scope is a set of things a customer can consent to, one bit each.
type Scope uint32

// The scopes.
const (
	ScopeView Scope = 1 << iota
	ScopePoint
	ScopeScroll
	ScopeClick
	ScopeType
	ScopeNavigate
	ScopeRecord
	ScopeSecondAgent
)

// ScopeControl is what the level "Control" asks for on top of ScopeView.
const ScopeControl = ScopePoint | ScopeScroll | ScopeClick | ScopeType | ScopeNavigate

// SessionState is where a session stands.
type SessionState uint8

// The states of a session.
const (
	StateWaiting  SessionState = iota // no agent yet
	StateAsked                        // the customer has been asked to share
	StateActive                       // the page is shared
	StatePaused                       // shared, but the customer holds it back for now
	StateResuming                     // the customer's connection is gone; they have a grace period to return
	StateEnded
)

// EndReason says why a session ended.
type EndReason uint8

// The reasons.
const (
	EndNone EndReason = iota
	EndCustomer
	EndAgent
	EndAgentAway
	EndCustomerGone
	EndRefused // the customer refused to share
	EndLimit
	EndPolicy
	EndProtocol // three frames were refused
	EndServer
	EndFault
)

// Path is the way of a connection to the server, as the server sees it.
type Path uint8

// The ways.
const (
	PathUnknown  Path = iota
	PathUDP           // straight, over UDP
	PathTCP           // straight, over TCP (RFC 6544)
	PathRelayUDP      // by the server's own TURN, reached over UDP
	PathRelayTCP      // by the server's own TURN, reached over TCP
	PathRelayTLS      // by the server's own TURN, reached over TLS
)

// AssetKind says what an asset is used as.
type AssetKind uint8

// The kinds of assets.
const (
	AssetImage AssetKind = iota
	AssetFont
	AssetSheet
)

// Mime is the type of an asset as the server found it in the bytes.
type Mime uint8

// The types.
const (
	MimeCSS Mime = iota
	MimePNG
	MimeJPEG
	MimeGIF
	MimeWebP
	MimeAVIF
	MimeWOFF2
	MimeWOFF
	MimeSVG // as the server wrote it anew
)

// GoneReason says why an asset cannot be shown.
type GoneReason uint8

// The reasons.
const (
	GoneBlocked GoneReason = iota // the page may not read it (CORS)
	GoneMissing                   // it did not load
	GoneTooBig                    // more bytes than are shared
	GoneType                      // not a type that is shared
	GoneRule                      // the server refused its bytes
	GoneSize                      // an image of too many pixels
	GoneFrames                    // an animation of too many frames
	GoneDamaged                   // its bytes are not what they say, or something stands behind them
	GoneExpands                   // it would unpack to, or be drawn as, too much
	GoneFull                      // the session has too many already
)

// BoxReason says why a part of the page is shown as an empty box of the same size.
type BoxReason uint8

// The reasons.
const (
	BoxPrivate BoxReason = iota // the owner or the customer keeps it private
	BoxFrame                    // a nested document that is not shared
	BoxMedia                    // canvas, video, plug-in
	BoxLimit                    // beyond a limit of the format
)

// PointerKind says what a pointer does.
type PointerKind uint8

// The kinds.
const (
	PointerMove PointerKind = iota
	PointerDown
	PointerLaser
	PointerLeave
)

// StrokeTool is what a stroke is drawn with.
type StrokeTool uint8

// The tools.
const (
	ToolPen StrokeTool = iota
	ToolArrow
	ToolRectangle
	ToolClear // removes the sender's strokes; carries no points
)

// Key is a key that an agent may press. Text is never sent as keys.
type Key uint8

// The keys.
const (
	KeyEnter Key = iota
	KeyTab
	KeyShiftTab
	KeyBackspace
	KeyDelete
	KeyLeft
	KeyRight
	KeyUp
	KeyDown
	KeyHome
	KeyEnd
	KeyPageUp
	KeyPageDown
	KeyEscape
	KeySelectAll
	KeySpace // where nothing is typed: it presses buttons, ticks boxes and scrolls
)

// Move is a navigation that an agent may ask for. There is no way to name an address.
type Move uint8

// The moves.
const (
	MoveBack Move = iota
	MoveForward
	MoveReload
)
