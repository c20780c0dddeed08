package decoder

// forms0F3A is the three-byte opcode map 0F 3A xx (SDM 2D table A-5).
var forms0F3A = []form{}
