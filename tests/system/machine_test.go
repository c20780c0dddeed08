package system

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/bios"
	"ringzero/debugger/explain"
	"ringzero/translator"
)

// Exit statuses of the command for what a test may end with.
const (
	exitLimit       = 4
	exitTripleFault = 6
	exitHalted      = 8
)

// maxSteps bounds a test; the longest takes a few million steps.
const maxSteps = 200_000_000

// without486 is where the 486 differs from what the tests want.
var without486 = map[string][]flaw{
	"returns": {
		{"iret flags: *", noID},
		{"iretw keeps the upper flags", noID},
		{"popf: *", noID},
		{"iret at CPL 0 sets VIF and VIP", "the 486 has no VIF and VIP"},
	},
	"v86": {{"flags of the image: value", noID}},
}

const noID = "the 486 has no ID flag"

// ours is the machine of this project on its default processor model, once for
// each way to run its engine: what a guest sees may not depend on it. There
// nothing is known to be wrong, and nothing may be skipped. The older models may
// skip what they lack.
func ours() []engine {
	var engines []engine
	for _, row := range []struct {
		name string
		conf ringzero.Config
	}{
		{"ringzero", ringzero.Config{}},
		{"one instruction a block", ringzero.Config{Test: ringzero.Test{Engine: translator.Config{MaxBlock: 1}}}},
		{"no links", ringzero.Config{Test: ringzero.Test{Engine: translator.Config{NoLinks: true, EvictEvery: 50}}}},
		{"small TLB", ringzero.Config{Test: ringzero.Test{TLBEntries: 8}}},
	} {
		engines = append(engines, engine{name: row.name, shutdown: exitTripleFault,
			run: func(t *testing.T, elf string) (string, int) { return runMachine(t, elf, row.conf) }})
	}
	for model, flaws := range map[string]map[string][]flaw{"pentiumpro": nil, "pentium": nil, "486": without486} {
		engines = append(engines, engine{name: "model " + model, flaws: flaws, shutdown: exitTripleFault, skips: true,
			run: func(t *testing.T, elf string) (string, int) { return runMachine(t, elf, ringzero.Config{CPU: model}) }})
	}
	return append(engines, engine{name: "random blocks", shutdown: exitTripleFault,
		run: func(t *testing.T, elf string) (string, int) {
			dice := rand.New(rand.NewPCG(1, 2))
			return runMachine(t, elf, ringzero.Config{Test: ringzero.Test{Engine: translator.Config{Lengths: func() int { return 1 + dice.IntN(32) }}}})
		}})
}

func runMachine(t *testing.T, elf string, conf ringzero.Config) (string, int) {
	image, err := os.ReadFile(elf)
	require.NoError(t, err)
	var port strings.Builder
	conf.Memory = 64 << 20
	conf.Kernel = &bios.Kernel{Image: image}
	conf.Debug = &port
	conf.NoReboot = true
	conf.MaxInstructions = maxSteps
	conf.OnBoot = func(reason string) { t.Log("nothing was booted:", reason) }
	m, err := ringzero.New(conf)
	require.NoError(t, err)
	defer m.Close()
	why := ringzero.Going
	for why == ringzero.Going {
		why = m.Step()
	}
	exit := map[ringzero.Stop]int{
		ringzero.Limit:         exitLimit,
		ringzero.TripleFault:   exitTripleFault,
		ringzero.HaltedForGood: exitHalted,
	}[why]
	if v, ok := m.ExitValue(); ok {
		exit = int(v<<1 | 1)
	}
	if why == ringzero.TripleFault && testing.Verbose() {
		t.Log(explain.Of(m, nil, why).Text())
	}
	return port.String(), exit
}
