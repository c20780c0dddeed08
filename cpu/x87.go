package cpu

func (f *FPU) reset() { f.CW, f.SW, f.Top, f.Tags = 0x37f, 0, 0, 0 }
