package system

// ours is the machine of this project, on its default processor model. Nothing
// is known to be wrong with it, and it may skip nothing.
var ours = engine{name: "ringzero", shutdown: 6}
