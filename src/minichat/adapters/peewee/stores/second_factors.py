"""Second factors of administrators in the database."""

from collections.abc import Collection, Sequence

from peewee import SQL, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import RecoveryCodeRow, SecondFactorRow, UsedStepRow
from minichat.domain.model import SecondFactor

FACTORS = Mapper(SecondFactor, SecondFactorRow)


class PeeweeSecondFactorStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        factor, step, code = SecondFactorRow, UsedStepRow, RecoveryCodeRow
        is_theirs = factor.user_id == param("user_id")
        factors = factor.select(*FACTORS.columns)
        self._get = statement(factors.where(is_theirs))
        self._all = statement(factors.where(factor.user_id > 0).order_by(factor.user_id))
        changed = {getattr(factor, name): param(name) for name in SecondFactor._fields if name != "user_id"}
        self._put = statement(
            factor.insert(params(SecondFactor._fields)).on_conflict(conflict_target=[factor.user_id], update=changed)
        )
        self._replace_secret = statement(
            factor.update(secret=param("new")).where(is_theirs & (factor.secret == param("old")))
        )
        self._remove = statement(factor.delete().where(is_theirs))

        their_steps = step.user_id == param("user_id")
        self._use_step = statement(step.insert(params(("user_id", "step"))).on_conflict_ignore())
        is_near = step.step.between(param("first"), param("last"))
        self._forget_steps = statement(step.delete().where(their_steps & ~is_near))
        self._remove_steps = statement(step.delete().where(their_steps))

        their_codes = code.user_id == param("user_id")
        self._remove_codes = statement(code.delete().where(their_codes))
        self._add_code = statement(code.insert(params(("user_id", "hash"))))
        self._use_code = statement(code.delete().where(their_codes & (code.hash == param("hash"))))
        self._codes_left = statement(code.select(fn.COUNT(SQL("*"))).where(their_codes))

    def get(self, user_id: int) -> SecondFactor | None:
        row = self._get.one(user_id=user_id)
        return None if row is None else FACTORS.of(row)

    def all(self) -> Sequence[SecondFactor]:
        return FACTORS.all(self._all.rows())

    def put(self, factor: SecondFactor) -> None:
        self._put.run(**factor._asdict())

    def replace_secret(self, user_id: int, old: str, new: str) -> bool:
        return self._replace_secret.run(user_id=user_id, old=old, new=new) == 1

    def remove(self, user_id: int) -> bool:
        self._remove_steps.run(user_id=user_id)
        self._remove_codes.run(user_id=user_id)
        return self._remove.run(user_id=user_id) == 1

    def use_step(self, user_id: int, step: int, *, keep: int) -> bool:
        self._forget_steps.run(user_id=user_id, first=step - keep, last=step + keep)
        return self._use_step.run(user_id=user_id, step=step) == 1

    def set_recovery_codes(self, user_id: int, hashes: Collection[str]) -> None:
        self._remove_codes.run(user_id=user_id)
        for code_hash in hashes:
            self._add_code.run(user_id=user_id, hash=code_hash)

    def use_recovery_code(self, user_id: int, code_hash: str) -> bool:
        return self._use_code.run(user_id=user_id, hash=code_hash) == 1

    def recovery_codes_left(self, user_id: int) -> int:
        row = self._codes_left.one(user_id=user_id)
        assert row is not None, "COUNT returns a row"
        return int(row[0])
