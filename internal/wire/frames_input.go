package wire

// Pointer is where a person points. X and Y are fractions of the node's box: 0 is its left or upper edge, 65535 its
// right or lower one. Losing one is repaired by the next.
//
//wire:60 c>s,a>s ptr
type Pointer struct {
	Kind  PointerKind
	Epoch uint32
	Node  NodeID
	X     uint32 `wire:"max=65535"`
	Y     uint32 `wire:"max=65535"`
}

// Pointed is a Pointer on its way to everybody else.
//
//wire:61 s>c,s>a ptr
type Pointed struct {
	From  AgentID
	Kind  PointerKind
	Epoch uint32
	Node  NodeID
	X     uint32 `wire:"max=65535"`
	Y     uint32 `wire:"max=65535"`
}

// The frames that operate the customer's page. The server fills From; an agent sends 0. Seq grows by one with every
// input of an agent, so that a Refused can name it.

// Click presses and releases the main button over a node. X and Y as in Pointer.
//
//wire:70 a>s,s>c input
type Click struct {
	Seq   uint32
	From  AgentID
	Epoch uint32
	Node  NodeID
	X     uint32 `wire:"max=65535"`
	Y     uint32 `wire:"max=65535"`
	Count uint8  `wire:"max=3"` // 1 click, 2 double click, 3 triple click
}

// TypeText inserts text at the caret of a form control or an editable element.
//
//wire:71 a>s,s>c input
type TypeText struct {
	Seq   uint32
	From  AgentID
	Epoch uint32
	Node  NodeID
	Text  []byte `wire:"max=4096,utf8"`
}

// PressKey presses a key in a node.
//
//wire:72 a>s,s>c input
type PressKey struct {
	Seq   uint32
	From  AgentID
	Epoch uint32
	Node  NodeID
	Key   Key
}

// ScrollTo scrolls a node (0 is the page) to a position in CSS pixels.
//
//wire:73 a>s,s>c input
type ScrollTo struct {
	Seq   uint32
	From  AgentID
	Epoch uint32
	Node  NodeID
	X     int32 `wire:"max=16777216"`
	Y     int32 `wire:"max=16777216"`
}

// Choose sets the option of a select element. On says whether it is selected; false only makes sense where several may be.
//
//wire:74 a>s,s>c input
type Choose struct {
	Seq    uint32
	From   AgentID
	Epoch  uint32
	Node   NodeID // the select element
	Option NodeID
	On     bool
}

// SetValue sets the value of a control that has no caret: range, date, time, colour, number.
//
//wire:75 a>s,s>c input
type SetValue struct {
	Seq   uint32
	From  AgentID
	Epoch uint32
	Node  NodeID
	Value []byte `wire:"max=256,utf8"`
}

// Navigate moves through the history or reloads.
//
//wire:76 a>s,s>c input
type Navigate struct {
	Seq  uint32
	From AgentID
	To   Move
}

// Drag presses the main button over a place of a node, moves the pointer to a place of another or the same, and lets go.
// It is one frame, so that no button stays pressed when a connection breaks. X, Y, ToX and ToY as in Pointer.
//
//wire:77 a>s,s>c input
type Drag struct {
	Seq   uint32
	From  AgentID
	Epoch uint32
	Node  NodeID
	X     uint32 `wire:"max=65535"`
	Y     uint32 `wire:"max=65535"`
	To    NodeID
	ToX   uint32 `wire:"max=65535"`
	ToY   uint32 `wire:"max=65535"`
}
