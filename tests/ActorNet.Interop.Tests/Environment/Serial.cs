// Kernel tables, captures and real processes on few cores: one test after the other, so that a slow answer is never a neighbour's load.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
