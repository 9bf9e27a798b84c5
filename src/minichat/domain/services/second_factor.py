"""The services of administrators' second factors and of their sign-in."""

from functools import cached_property

from minichat.domain.administrator_sign_in import AdministratorSignIn
from minichat.domain.second_factor import SecondFactors
from minichat.domain.second_factor_codes import SecondFactorCodes
from minichat.domain.services.accounts import AccountServices


class SecondFactorServices(AccountServices):
    @cached_property
    def second_factor_codes(self) -> SecondFactorCodes:
        return SecondFactorCodes(
            clock=self.ports.clock,
            one_time_codes=self.ports.one_time_codes,
            secret_cipher=self.ports.secret_cipher,
            second_factor_store=self.ports.second_factor_store,
            administration_session_store=self.ports.administration_session_store,
            throttling=self.throttling,
            audit_log=self.audit_log,
        )

    @cached_property
    def second_factors(self) -> SecondFactors:
        return SecondFactors(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            username_key=self.ports.username_key,
            one_time_codes=self.ports.one_time_codes,
            secret_cipher=self.ports.secret_cipher,
            user_store=self.ports.user_store,
            second_factor_store=self.ports.second_factor_store,
            administration_session_store=self.ports.administration_session_store,
            second_factor_codes=self.second_factor_codes,
            sessions=self.sessions,
            audit_log=self.audit_log,
        )

    @cached_property
    def administrator_sign_in(self) -> AdministratorSignIn:
        return AdministratorSignIn(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            second_factor_store=self.ports.second_factor_store,
            administration_session_store=self.ports.administration_session_store,
            second_factor_codes=self.second_factor_codes,
            sessions=self.sessions,
            throttling=self.throttling,
            audit_log=self.audit_log,
            is_required=self.requires_second_factor,
        )
