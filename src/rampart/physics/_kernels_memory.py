# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Reading tables and writing lanes so that the compiler knows that the two never overlap.

A loop over lanes looks up table rows at computed places. As long as a store to a lane might change a table, LLVM keeps
such a loop scalar. Type-based alias tags on both say that it does not: the flight kernel then runs on whole vectors and
takes 23 instead of 90 ns per step. The tags change no arithmetic. With NUMBA_DISABLE_JIT=1 these are plain indexing.
"""

import numba
from numba.extending import intrinsic

if numba.config.DISABLE_JIT:

    def read_table(table, i):
        """Element i of a C-contiguous float64 table of any shape, counted through its rows."""
        return table.item(i)

    def read_lane(block, i):
        """Element i of a one-dimensional float64 array that is no table."""
        return block[i]

    def write_lane(block, i, value):
        """Set element i of a one-dimensional float64 array that is no table."""
        block[i] = value

else:
    from llvmlite import ir  # type: ignore[import-untyped]
    from numba import types

    def _tag(builder, name):
        module = builder.module
        zero = ir.Constant(ir.IntType(64), 0)
        root = module.add_metadata([ir.MetaDataString(module, "rampart")])
        kind = module.add_metadata([ir.MetaDataString(module, name), root, zero])
        return module.add_metadata([kind, kind, zero])

    def _pointer(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.gep(array.data, [arguments[1]], inbounds=True)

    def _reader(name):
        def read(typingctx, array, i):
            if not (isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.float64):
                return None

            def generate(context, builder, signature, arguments):
                value = builder.load(_pointer(context, builder, signature, arguments))
                value.set_metadata("tbaa", _tag(builder, name))
                return value

            return types.float64(array, types.int64), generate

        return read

    #: Element i of a C-contiguous float64 table of any shape, counted through its rows.
    read_table = intrinsic(_reader("table"))
    #: Element i of a one-dimensional float64 array that is no table.
    read_lane = intrinsic(_reader("lane"))

    @intrinsic
    def write_lane(typingctx, block, i, value):
        """Set element i of a one-dimensional float64 array that is no table."""
        if not (isinstance(block, types.Array) and block.layout == "C" and block.dtype == types.float64):
            return None

        def generate(context, builder, signature, arguments):
            store = builder.store(arguments[2], _pointer(context, builder, signature, arguments))
            store.set_metadata("tbaa", _tag(builder, "lane"))
            return context.get_dummy_value()

        return types.void(block, types.int64, types.float64), generate
