package wire

// Offer names an asset that the page uses. The server answers with Want when it does not hold the bytes.
//
//wire:40 c>s ctl
type Offer struct {
	Asset  AssetID
	Kind   AssetKind
	Hash   Hash
	Size   uint32 `wire:"max=8388608"`
	Width  uint32 `wire:"max=16384"` // natural size in CSS pixels; 0 when unknown or meaningless
	Height uint32 `wire:"max=16384"`
}

// Want asks the customer for the bytes of assets.
//
//wire:41 s>c ctl
type Want struct {
	Hashes []Hash `wire:"max=64"`
}

// Gone tells that an asset cannot be shown.
//
//wire:42 c>s,s>a ctl
type Gone struct {
	Asset  AssetID
	Reason GoneReason
}

// Chunk is a part of an asset. All chunks but the last carry MaxChunk bytes. Chunks may arrive in any order.
//
//wire:43 c>s,s>a asset
type Chunk struct {
	Hash  Hash
	Index uint32 `wire:"max=1023"`
	Count uint32 `wire:"max=1024"`
	Data  []byte `wire:"max=15360"`
}

// Ready names an asset whose bytes the server approved. Hash is that of the approved bytes: for a style sheet they are
// not the customer's. The chunks follow on the asset channel, or came before.
//
//wire:44 s>a ctl
type Ready struct {
	Asset  AssetID
	Kind   AssetKind
	Mime   Mime
	Hash   Hash
	Size   uint32 `wire:"max=16777216"`
	Width  uint32 `wire:"max=16384"`
	Height uint32 `wire:"max=16384"`
}

// Behind tells that batches lag behind the page: it is large or changes fast, and is told part by part, or the connection takes
// less than there is. What agents see meanwhile is true, but not all of it or not the latest. False says that everything was
// told. It is sent when it changes; nothing is lost in between.
//
//wire:45 c>s,s>a ctl
type Behind struct {
	Behind bool
}

// Closed tells that the rules of the company keep the page from the receiver, or let them see it again; the customer is told
// when they keep it from all who would see it. An agent's stage is emptied at the first, and takes no batch until the second,
// which is answered with a Need: then nothing is left on the way of the page before. A new connection begins with no page closed.
//
//wire:46 s>c,s>a ctl
type Closed struct {
	Closed bool
}

// Str is a string with its role.
type Str struct {
	Role Role
	Text []byte `wire:"max=1048576,text"`
}

// Batch changes the page's tree, or makes it: a snapshot is a batch into an empty tree. dom.go describes Ops.
//
// From the customer, Seq counts the batches of an epoch from 0 without gaps; the batch with Seq 0 is a snapshot and
// begins a new epoch, which must be higher than the last. From the server, a snapshot may come at any time and carries
// the Seq of the last batch that it contains.
//
// Losing one cannot happen on an ordered, reliable channel; a gap means a refused frame, and the receiver asks for a
// snapshot.
//
//wire:50 c>s,s>a dom
type Batch struct {
	Epoch    uint32
	Seq      uint32
	Snapshot bool
	Clear    bool   // the string table is emptied first; a snapshot always does
	Strings  []Str  `wire:"max=8192"`   // new entries of the string table, in order of first use
	Literals []Str  `wire:"max=262144"` // strings used once, in order of use
	Ops      []byte `wire:"max=8388608"`
}
