package wire

// The frames of the control channel. The directive above a struct gives its number, who sends it to whom
// (c = customer, s = server, a = agent) and its channel. Numbers are never used again for another frame.

// Hello is the first frame on every connection. Nothing else is accepted before it.
//
//wire:1 c>s,a>s ctl
type Hello struct {
	Protocol uint32 // ProtocolVersion
	Table    uint32 // version of the vocabulary that the sender was built with
	Client   string `wire:"max=64"` // name and version of the software, for logs
}

// Welcome answers Hello and tells the client who it is.
//
//wire:2 s>c,s>a ctl
type Welcome struct {
	Protocol    uint32
	Session     string  `wire:"max=64"`
	Self        AgentID // 0 for the customer
	Name        string  `wire:"max=128"` // of the agent that this connection belongs to; empty for the customer
	Origin      string  `wire:"max=256"` // of the customer's page, as the browser gave it to the signalling API
	Salt        uint32  // for AssetID
	AwaySeconds uint32  // an agent who is away for so long ends the session
}

// Ping asks for a Pong with the same number. Each side may send one a second; a side that hears nothing for ten seconds
// treats the connection as lost.
//
//wire:3 c>s,a>s,s>c,s>a ctl
type Ping struct {
	Seq uint32
}

// Pong answers a Ping.
//
//wire:4 c>s,a>s,s>c,s>a ctl
type Pong struct {
	Seq uint32
}

// State tells where the session stands. It is sent whenever that changes; the last one counts.
//
//wire:5 s>c,s>a ctl
type State struct {
	State  SessionState
	Reason EndReason // EndNone unless State is StateEnded
}

// Ask asks the customer for scopes in the name of an agent. Nothing is shared until an Answer grants it.
//
//wire:6 s>c ctl
type Ask struct {
	Ask     uint32 // number of the question, for the Answer
	Scopes  Scope
	Agent   AgentID
	Name    string `wire:"max=128"`
	Company string `wire:"max=128"`
}

// Answer is the customer's decision on an Ask. Granted must be a part of what was asked; 0 refuses.
//
//wire:7 c>s ctl
type Answer struct {
	Ask     uint32
	Granted Scope
}

// Revoke takes scopes back at once.
//
//wire:8 c>s ctl
type Revoke struct {
	Scopes Scope
}

// Scopes tells what is granted now and who drives.
//
//wire:9 s>c,s>a ctl
type Scopes struct {
	Granted Scope
	Driver  AgentID // the agent whose input is passed on; 0 for none
}

// Agent is one person who watches.
type Agent struct {
	ID     AgentID
	Name   string `wire:"max=128"`
	Active bool   // their page is visible and connected
}

// Agents lists everybody who watches. Losing one is repaired by the next.
//
//wire:10 s>c,s>a ctl
type Agents struct {
	List []Agent `wire:"max=16"`
}

// Share tells the SDK to begin (or to stop) sending the page. A new start means a snapshot with a higher epoch.
//
//wire:11 s>c ctl
type Share struct {
	On    bool
	Epoch uint32 // the snapshot's epoch must be higher
}

// Resync tells the SDK that a frame was refused and that a snapshot with an epoch above Epoch is needed.
//
//wire:12 s>c ctl
type Resync struct {
	Epoch uint32
	Rule  string `wire:"max=64"`
	Node  NodeID
}

// Request asks for scopes. The server turns it into an Ask.
//
//wire:13 a>s ctl
type Request struct {
	Scopes Scope
}

// Release gives scopes back.
//
//wire:14 a>s ctl
type Release struct {
	Scopes Scope
}

// Pause holds the page back without ending the session, or lets it go on.
//
//wire:15 c>s ctl
type Pause struct {
	Paused bool
}

// End ends the session.
//
//wire:16 c>s,a>s ctl
type End struct{}

// Say is a chat message on its way to the server. Text is HTML text of which the server keeps little.
//
//wire:18 c>s,a>s ctl
type Say struct {
	Text []byte `wire:"max=8192,utf8"`
}

// Run is a piece of a chat message in one style: 1 bold, 2 italic, 4 code, 8 starts a list item, 16 starts a line, 32 says
// where the link before it leads.
type Run struct {
	Style uint8  `wire:"max=63"`
	Text  []byte `wire:"max=8192,utf8"`
}

// Said is a chat message that everybody in the session gets, the sender included.
//
//wire:19 s>c,s>a ctl
type Said struct {
	From AgentID // 0 is the customer
	Name string  `wire:"max=128"`
	Runs []Run   `wire:"max=256"`
}

// Refused tells an agent that an input was not passed on, or not carried out by the page, and why.
//
//wire:20 s>a ctl
type Refused struct {
	Seq  uint32 // of the input
	Rule string `wire:"max=64"`
	Node NodeID
}

// Receipt is the page's word that it did not carry out an input.
//
//wire:21 c>s ctl
type Receipt struct {
	Seq  uint32
	From AgentID
	Rule string `wire:"max=64"`
	Node NodeID
}

// Ack says which batch was applied last: by the server (to the customer) or on the stage (to the server).
//
//wire:22 s>c,a>s ctl
type Ack struct {
	Epoch uint32
	Seq   uint32
}

// Need asks the server for a snapshot because the replica does not fit the batches any more.
//
//wire:23 a>s ctl
type Need struct {
	Epoch uint32
}

// Presence says whether the agent's page can be seen and whether the agent did something since the last Presence.
// It is sent on change and at least every ten seconds.
//
//wire:24 a>s ctl
type Presence struct {
	Visible bool
	Active  bool
}

// Ticket is a fresh token for the next connection of the same person to the same session. It replaces the one before.
//
//wire:25 s>c,s>a ctl
type Ticket struct {
	Token string `wire:"max=2048"`
}

// Quality tells how well the connections do.
//
//wire:26 s>c,s>a ctl
type Quality struct {
	RoundTrip uint32 // milliseconds between the receiver and the server
	Stale     uint32 // milliseconds between a change of the page and its acknowledgement by the slowest agent
	Degraded  bool   // the receiver cannot follow at the rate of the page
	Loss      uint8  `wire:"max=100"` // of a hundred packets between the receiver and the server, those lost in the last minute
	Path      Path   // the receiver's way to the server
	Heals     uint32 // how often in this session what the receiver holds or sends did not fit and was put right by a snapshot
}

// Point2 is a place on the customer's page in CSS pixels from the top left corner of the document.
type Point2 struct {
	X int32 `wire:"max=1048576"`
	Y int32 `wire:"max=1048576"`
}

// Stroke is a drawing on top of the page. It fades by itself.
//
//wire:27 c>s,a>s ctl
type Stroke struct {
	Tool   StrokeTool
	Colour uint8    `wire:"max=7"` // index into the palette
	Points []Point2 `wire:"max=2048"`
}

// Stroked is a Stroke on its way to everybody else.
//
//wire:28 s>c,s>a ctl
type Stroked struct {
	From   AgentID
	Tool   StrokeTool
	Colour uint8    `wire:"max=7"`
	Points []Point2 `wire:"max=2048"`
}
