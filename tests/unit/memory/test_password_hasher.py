from adapters.memory.password_hasher import MemoryPasswordHasher


async def test_only_the_right_password_fits() -> None:
    hasher = MemoryPasswordHasher()
    stored = await hasher.hash("correct horse")
    assert "correct horse" not in stored
    assert [await hasher.verify(password, stored) for password in ("correct horse", "Correct horse", "", stored)] == [
        True, False, False, False,
    ]


async def test_nobody_has_no_password() -> None:
    assert not await MemoryPasswordHasher().verify("correct horse", None)


async def test_one_password_has_another_hash_each_time() -> None:
    hasher = MemoryPasswordHasher()
    hashes = [await hasher.hash("correct horse") for _ in range(2)]
    assert len(set(hashes)) == 2
    assert [await hasher.verify("correct horse", one) for one in hashes] == [True, True]
