// Package translator turns guest code into blocks of host code and runs them:
// instructions are lowered to micro-ops, the flags that nobody reads are
// dropped, a backend makes code, and the cache links block to block. A block
// never shows: registers, memory and the step at which an interrupt is taken
// are the same for every block length, link and eviction.
package translator

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/cache"
	"ringzero/translator/closure"
	"ringzero/translator/ir"
)

// Config bounds what the engine does; the zero value is the default. No guest
// sees any of it.
type Config struct {
	// MaxBlock is the greatest number of instructions in a block, default 32, at
	// most 128.
	MaxBlock int
	// Lengths, where set, gives the bound for each new block instead (tests).
	Lengths func() int
	// NoLinks looks every block up.
	NoLinks bool
	// CacheBytes is the budget of translated code, by estimate; default 64 MiB.
	CacheBytes int64
	// EvictEvery, where not 0, drops the older half of the cache each so many
	// translations (tests).
	EvictEvery int
	// Count, where set, counts the pairs of micro-ops that run (internal/gen/pairs).
	Count *closure.Pairs
}

const (
	defaultMaxBlock = 32
	mostMaxBlock    = 128 // who leaves a budget over counts on it
	defaultCache    = 64 << 20
)

// Engine runs one processor.
type Engine struct {
	CPU *cpu.CPU

	conf  Config
	back  *closure.Backend
	cache *cache.Cache
	since int     // translations
	code  ir.Code // of the block that was lowered last
	stats Stats
	// Before, where set, is called before each instruction, which makes every
	// block one of one instruction (--trace).
	Before func(c *cpu.CPU)
	// Pause, where set, is asked before the first instruction of a block that is
	// looked up, perhaps twice: true has the processor stand still there. Code goes on
	// from block to block without a lookup, but not into one that begins at a place of
	// SetBreaks, nor where mode or address space may have changed.
	Pause  func() bool
	breaks *pageOffsets // of SetBreaks, nil for none
	held   bool         // the last block was left before an instruction that is intercepted
}

// Stats counts what the engine did.
type Stats struct {
	cache.Stats
	Blocks, Instructions, Uops, Calls, Bytes uint64 // Bytes of guest code
	Lookups, Misses                          uint64
	Unwinds, Alone                           uint64
	Ones                                     uint64 // blocks of one instruction, made where a budget ends
}

// New makes an engine for a processor.
func New(c *cpu.CPU, conf Config) *Engine {
	if conf.MaxBlock <= 0 {
		conf.MaxBlock = defaultMaxBlock
	}
	conf.MaxBlock = min(conf.MaxBlock, mostMaxBlock)
	if conf.CacheBytes <= 0 {
		conf.CacheBytes = defaultCache
	}
	e := &Engine{CPU: c, conf: conf, back: closure.New(c),
		cache: cache.New(c.Mem, c.Mem.Size()>>bus.PageShift, conf.CacheBytes)}
	e.back.Count = conf.Count
	c.Mem.Own(bus.Code, e.written)
	c.CodeAt = e.cache.CodeAt
	return e
}

// Stats tells what was counted.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Stats = e.cache.Stats
	return s
}

// Flush drops every block.
func (e *Engine) Flush() { e.cache.Flush() }

// Recent gives the blocks that were entered last, at most n, the latest first.
// Reports use it.
func (e *Engine) Recent(n int) []*cache.Block { return e.cache.Recent(n) }

// written owns bus.Code: blocks that a write touched die. Where the instruction under
// way is in one, a REP that writes over itself, it is fetched anew.
func (e *Engine) written(page uint64, off, n int) (stays bool) {
	died, stays := e.cache.Written(page, off, n)
	for _, b := range died {
		if e.CPU.Within(uint32(b.Off&(bus.PageSize-1)), b.Bytes) {
			e.CPU.EndSlice()
		}
	}
	return stays
}
